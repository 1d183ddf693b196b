//! What every target does with its octets.

/// The same octets at once, in two pieces, and each alone.
pub(crate) fn cuts(octets: &[u8]) -> [Vec<&[u8]>; 3] {
    let (first, second) = octets.split_at(octets.len() / 2);
    [vec![octets], vec![first, second], octets.chunks(1).collect()]
}

/// Lines end with CRLF and nothing else, and there is no NUL.
pub(crate) fn assert_whole_lines(message: &[u8]) {
    assert!(!message.contains(&0));
    for (at, octet) in message.iter().enumerate() {
        match octet {
            b'\r' => assert_eq!(message.get(at + 1), Some(&b'\n')),
            b'\n' => assert!(at > 0 && message[at - 1] == b'\r'),
            _ => {}
        }
    }
}
