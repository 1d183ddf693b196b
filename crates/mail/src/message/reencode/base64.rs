//! Base64 (RFC 2045 section 6.8) in lines of 76 letters, the last one without its line end.

use base64::{Engine as _, engine::general_purpose::STANDARD};

const LINE: usize = 76;

/// Octets of any kind.
pub(super) fn encode(octets: &[u8], out: &mut Vec<u8>) {
    write_lines(STANDARD.encode(octets).as_bytes(), out);
}

/// What is base64 already, in lines of another length. What is no letter of base64 stands for nothing.
pub(super) fn rewrap(encoded: &[u8], out: &mut Vec<u8>) {
    let is_letter = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/=".contains(octet);
    let letters: Vec<u8> = encoded.iter().copied().filter(is_letter).collect();
    write_lines(&letters, out);
}

fn write_lines(letters: &[u8], out: &mut Vec<u8>) {
    for (number, line) in letters.chunks(LINE).enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(line);
    }
}
