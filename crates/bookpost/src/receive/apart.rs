//! Work on large messages is done apart, where it holds up no connection.

use super::NotTaken;

/// Reading, checking and re-encoding so many bytes takes some milliseconds; for less it is not worth another thread.
const LARGE: usize = 1 << 20;

/// What `work` on so many bytes comes to.
pub async fn apart<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotTaken> {
    if bytes < LARGE {
        return Ok(work());
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        // The service ends.
        Err(_) => NotTaken::Store(store::Error::Closed),
    })
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[tokio::test]
    async fn only_what_is_large_is_worked_on_elsewhere() {
        let here = thread::current().id();
        let there = |bytes| apart(bytes, || thread::current().id());
        assert_eq!(there(LARGE - 1).await.unwrap(), here);
        assert_ne!(there(LARGE).await.unwrap(), here);
    }
}
