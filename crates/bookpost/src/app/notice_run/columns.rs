//! What people said of the columns of files, and the columns of a file that they are asked about.

use std::{collections::BTreeMap, sync::Arc};

use store::Store;

use super::{
    CheckError, NoticeRuns, Options, Unready,
    check::{beside, request},
    chosen::chosen,
    prepare::options,
};
use crate::{
    app::exports::ExportId,
    notices::{
        ImportOptions,
        import::{Columns, Head, head},
    },
};

/// By the shape of a file, what its columns are.
pub type Known = Arc<BTreeMap<String, Columns>>;

/// All that is remembered.
pub(super) async fn known(store: &Store) -> Result<Known, store::Error> {
    let all = store.known_columns().await?.into_iter();
    Ok(Arc::new(all.map(|known| (known.shape, Columns::remembered(known.chosen))).collect()))
}

impl NoticeRuns {
    /// The columns of an upload, with the first few of their values.
    pub async fn head(&self, id: &ExportId, settled: &Options) -> Result<Head, CheckError> {
        let (config, known) = (self.settings.now(), known(&self.store).await?);
        let (exports, file, request) = (self.exports.clone(), id.clone(), request(settled));
        let chosen = chosen(&self.store, request.notice.as_deref()).await;
        let kind = chosen.map_err(CheckError::Unready)?.settings().kind;
        let alone = Arc::clone(&self.checks.reading).lock_owned().await;
        let read = beside(alone, move || {
            let options =
                options(&config, &request, &known).map_err(|why| CheckError::Unready(why.into()))?;
            let options = ImportOptions { kind, ..options };
            let export = exports.read(&file)?;
            head(&export, &options).map_err(|why| CheckError::Unready(Unready::Import(why)))
        });
        read.await?.1
    }
}
