//! The database server that several machines share.

use std::path::{Path, PathBuf};

use store::{Server, ServerEncryption};
use zeroize::Zeroizing;

use super::{Surroundings, raw::Raw, secret::secret};

/// A PostgreSQL server with the queue, and what this machine is called there.
#[derive(Clone)]
pub struct Database {
    url: String,
    password: Option<Zeroizing<String>>,
    /// What people call this machine; each that works on the queue has a name of its own.
    pub machine: String,
    encryption: ServerEncryption,
}

/// Without the password.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("machine", &self.machine).finish_non_exhaustive()
    }
}

impl Database {
    /// As the store wants it; the machine is its data folder.
    pub fn server(&self, data_dir: &Path) -> Server {
        Server {
            url: self.url.clone(),
            password: self.password.as_ref().map(|password| password.to_string()),
            encryption: self.encryption.clone(),
            folder: data_dir.to_owned(),
            machine: self.machine.clone(),
        }
    }
}

/// None: the queue is in the data folder, or what is set cannot be used, which is noted.
pub(super) fn database(raw: &mut Raw, around: &Surroundings) -> Option<Database> {
    let url: Option<String> = raw.get("database.url");
    let password = secret(raw, "database", "password", around);
    let machine: Option<String> = raw.get("database.machine");
    let ca_file: Option<PathBuf> = raw.get("database.ca_file");
    let allow_non_secure: Option<bool> = raw.get("database.allow_non_secure");
    let Some(url) = url else {
        let others = [password.is_some(), machine.is_some(), ca_file.is_some(), allow_non_secure.is_some()];
        if others.contains(&true) {
            let todo =
                "write where the server is, like \"postgresql://bookpost@db.library.example/bookpost\"";
            raw.problem("database.url", "it is not said where the database server is", todo);
        }
        return None;
    };
    let address = match Server::address(&url) {
        Ok(address) => address,
        Err(error) => {
            let todo = "write it like \"postgresql://bookpost@db.library.example/bookpost\"";
            raw.problem("database.url", error.to_string(), todo);
            return None;
        }
    };
    if address.has_password {
        let problem = "a password does not belong into the address of a server: it is logged, copied and shown to others";
        let todo = "put it into a file of its own (mode 0600) and name that as `database.password_file`";
        raw.problem("database.url", problem, todo);
    }
    // What one machine has sealed the others must be able to open.
    if ["key_file", "key_env", "key_credential"].iter().all(|key| !raw.has(&format!("secrets.{key}"))) {
        let problem = "machines that share a queue share the key that seals its passwords, and none is named";
        let todo =
            "make one (openssl rand -base64 32), put it on each machine, and name it as `secrets.key_file`";
        raw.problem("secrets", problem, todo);
    }
    let encryption = if (address.is_local || allow_non_secure == Some(true)) && ca_file.is_none() {
        ServerEncryption::None
    } else {
        ServerEncryption::Verified(ca_file)
    };
    let machine = machine.or_else(|| around.host_name.clone());
    if machine.is_none() {
        let todo = "write what people call it; each machine has a name of its own";
        raw.problem("database.machine", "this machine has no full name of its own", todo);
    }
    Some(Database { url, password, machine: machine?, encryption })
}

#[cfg(test)]
mod tests {
    use crate::config::{Surroundings, check_text};

    const KEY: (&str, &str) = ("SEALING", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");

    fn problems(database: &str, secrets: &str, host_name: Option<&str>) -> String {
        let around = Surroundings::given([KEY], host_name);
        let checked = check_text(&format!("{secrets}\n[database]\n{database}"), None, &around);
        checked.err().map_or_else(String::new, |problems| problems.to_string())
    }

    #[test]
    fn what_is_missing_or_belongs_elsewhere_is_said() {
        let (url, key) =
            ("url = \"postgresql://bookpost@db.example.org/books\"", "[secrets]\nkey_env = \"SEALING\"");
        let with_password = "url = \"postgresql://bookpost:sesame@db.example.org/books\"";
        for (database, secrets, host_name, fault) in [
            (url, key, Some("one.example.org"), None),
            (url, key, None, Some("this machine has no full name")),
            (url, "", Some("one.example.org"), Some("share the key that seals")),
            (
                with_password,
                key,
                Some("one.example.org"),
                Some("a password does not belong into the address"),
            ),
            ("url = \"nonsense\"", key, Some("one.example.org"), Some("the database server cannot be used")),
            ("machine = \"one\"", key, None, Some("it is not said where the database server is")),
        ] {
            let said = problems(database, secrets, host_name);
            match fault {
                Some(fault) => assert!(said.contains(fault) && !said.contains("sesame"), "{said}"),
                None => assert_eq!(said, ""),
            }
        }
    }
}
