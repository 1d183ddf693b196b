use std::os::unix::fs::PermissionsExt as _;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::{mpsc, mpsc::UnboundedSender},
};

use super::*;

fn request(limit: usize) -> Request {
    Request::Queue(QueueRequest::Runs { limit })
}

async fn echo(request: Request, progress: UnboundedSender<Progress>) -> Reply {
    let Request::Queue(QueueRequest::Runs { limit }) = request else { panic!("only runs here") };
    for delivered in 0..limit as u64 {
        let _ = progress.send(Progress { delivered, ..Progress::default() });
    }
    Reply::Rows(Vec::new())
}

#[tokio::test]
async fn a_request_gets_its_progress_and_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let listener = bind(folder.path()).unwrap();
    let mode = std::fs::metadata(socket(folder.path())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    tokio::spawn(serve(listener, echo));
    let client = connect(folder.path()).await.unwrap().unwrap();
    let mut seen = Vec::new();
    let reply = client.ask(&request(3), |progress| seen.push(progress.delivered)).await.unwrap();
    assert_eq!(reply, Reply::Rows(Vec::new()));
    assert_eq!(seen, [0, 1, 2]);
}

#[tokio::test]
async fn a_stale_socket_is_nobody_and_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    assert!(connect(folder.path()).await.unwrap().is_none(), "no socket");
    drop(UnixListener::bind(socket(folder.path())).unwrap());
    assert!(socket(folder.path()).exists());
    assert!(connect(folder.path()).await.unwrap().is_none(), "nobody behind it");
    let _listener = bind(folder.path()).unwrap();
    assert!(connect(folder.path()).await.unwrap().is_some());
}

#[tokio::test]
async fn who_hangs_up_cancels_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (begun, mut has_begun) = mpsc::unbounded_channel();
    let (done, mut is_done) = mpsc::unbounded_channel();
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let handler = {
        let gate = std::sync::Arc::clone(&gate);
        move |_: Request, progress: UnboundedSender<Progress>| {
            let (begun, done, gate) = (begun.clone(), done.clone(), std::sync::Arc::clone(&gate));
            async move {
                begun.send(()).unwrap();
                gate.notified().await;
                for _ in 0..100 {
                    let _ = progress.send(Progress::default());
                }
                done.send(()).unwrap();
                Reply::Rows(Vec::new())
            }
        }
    };
    tokio::spawn(serve(bind(folder.path()).unwrap(), handler));
    let mut stream = UnixStream::connect(socket(folder.path())).await.unwrap();
    let mut line = serde_json::to_vec(&request(1)).unwrap();
    line.push(b'\n');
    stream.write_all(&line).await.unwrap();
    has_begun.recv().await.unwrap();
    drop(stream);
    gate.notify_one();
    is_done.recv().await.unwrap();
}

#[tokio::test]
async fn nonsense_is_answered_and_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    tokio::spawn(serve(bind(folder.path()).unwrap(), echo));
    for nonsense in ["\n", "{}\n", "GET / HTTP/1.1\r\n", "{\"queue\""] {
        let mut stream = UnixStream::connect(socket(folder.path())).await.unwrap();
        stream.write_all(nonsense.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("\"failure\":\"usage\""), "{nonsense:?}: {answer}");
    }
    let client = connect(folder.path()).await.unwrap().unwrap();
    client.ask(&request(1), |_| ()).await.unwrap();
}

#[test]
fn the_largest_export_fits_into_a_request() {
    let frame = serde_json::to_string(&Request::Run(RunRequest::default())).unwrap().len();
    let export = base64::encoded_len(MAX_BYTES, true).unwrap();
    assert!(u64::try_from(frame + export).unwrap() < LONGEST_LINE);
}

#[test]
fn an_export_survives_the_way() {
    let request = Request::Run(RunRequest {
        source: "overdues.csv".to_owned(),
        export: vec![0, 255, b'\n', b'"'],
        from_folder: false,
        exported_at: Some(jiff::Timestamp::UNIX_EPOCH),
        preview: false,
        practice: true,
        wait: false,
        site: None,
        dates: None,
        delimiter: Some(';'),
        encoding: None,
        sheet: Some("Overdues".to_owned()),
        columns: Some("email=E-Mail".parse().unwrap()),
        wording: None,
        notice: Some("fines".to_owned()),
        repeat_days: Some(0),
        older_is_right: true,
        again: true,
    });
    let line = serde_json::to_string(&request).unwrap();
    assert!(!line.contains('\n'));
    assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), request);
}
