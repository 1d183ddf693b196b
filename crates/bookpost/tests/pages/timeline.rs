//! What the page of one message tells of what happened to it.

use store::{Door, NewMessage};

use crate::bench::{Bench, notice, servers};

#[tokio::test]
async fn the_door_by_which_it_came_is_said() {
    let bench = Bench::start(servers()).await;
    for (door, said) in [
        (Door::Smtp, "Accepted from Textbook Tracker, over the network (SMTP)"),
        (Door::Http, "Accepted from Textbook Tracker, over the web interface for programs (HTTP API)"),
        (Door::Sendmail, "Accepted from Textbook Tracker, by the sendmail command on this computer"),
        (Door::Notices, "Written by a notice run<"),
        (Door::Folder, "Written by a notice run, from a file in the folder for exports"),
        (Door::Bookpost, "Written by Bookpost itself"),
    ] {
        let id = bench.mail(NewMessage { door, ..notice("p@example.org", "Overdue") }, None).await;
        let page = bench.get("administrator", &format!("/queue/{}", id.0)).await.text;
        assert!(page.contains(said), "{door:?}: {page}");
    }
    bench.stop().await;
}
