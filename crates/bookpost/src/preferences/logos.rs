//! Which pictures may be the logo of a site: a PNG or a JPEG, as its first bytes say, whatever it is called. An SVG may not, as it can load
//! and run things. Each notice carries it, so it is small.

use store::Logo;

/// Bytes of a logo.
pub const MOST_BYTES: usize = 20_000;
/// Pixels.
pub const WIDEST: u32 = 600;
pub const HIGHEST: u32 = 200;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
/// The last chunk, which is empty (PNG, section 11.2.5).
const PNG_END: &[u8] = b"\x00\x00\x00\x00IEND\xaeB`\x82";
/// End of image (ITU T.81 annex B).
const JPEG_END: &[u8] = b"\xff\xd9";

/// Why a file is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoLogo {
    #[error("it is neither a PNG nor a JPEG; save it as one of these")]
    Kind,
    #[error("it has more than {} kB: every notice carries it", MOST_BYTES / 1_000)]
    TooLarge,
    #[error("it is {width} x {height} pixels, and may be {WIDEST} x {HIGHEST}: make it smaller")]
    Size { width: u32, height: u32 },
    #[error("the picture is damaged: its size or its end is missing")]
    Damaged,
}

/// The picture of a file.
pub fn read(bytes: Vec<u8>) -> Result<Logo, NoLogo> {
    let (media_type, end) = if bytes.starts_with(PNG) {
        ("image/png", PNG_END)
    } else if bytes.starts_with(JPEG) {
        ("image/jpeg", JPEG_END)
    } else {
        return Err(NoLogo::Kind);
    };
    if bytes.len() > MOST_BYTES {
        return Err(NoLogo::TooLarge);
    }
    // Some programs write more behind the end.
    if !bytes.windows(end.len()).any(|part| part == end) {
        return Err(NoLogo::Damaged);
    }
    let (width, height) = size(&bytes).ok_or(NoLogo::Damaged)?;
    if width > WIDEST || height > HIGHEST {
        return Err(NoLogo::Size { width, height });
    }
    Ok(Logo { media_type: media_type.to_owned(), bytes })
}

/// Pixels, as the head of the file has them: width and height.
pub fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let size = if let Some(chunks) = bytes.strip_prefix(PNG) { of_png(chunks) } else { of_jpeg(bytes) };
    size.filter(|(width, height)| *width > 0 && *height > 0)
}

/// The first chunk says it (PNG, section 11.2.1).
fn of_png(chunks: &[u8]) -> Option<(u32, u32)> {
    let head = chunks.strip_prefix(b"\x00\x00\x00\x0dIHDR")?;
    let (width, rest) = head.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// The start of the frame says it; segments stand before (JPEG, ITU T.81 annex B).
fn of_jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let (&[lead, marker], after) = rest.split_first_chunk()?;
        match (lead, marker) {
            // Filled up.
            (0xff, 0xff) => rest = rest.get(1..)?,
            // The scan begins, or the picture ends, and no frame was there.
            (0xff, 0xd8..=0xda) => return None,
            (0xff, _) => {
                let (length, segment) = after.split_first_chunk()?;
                if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                    let &[_, high, low, wide, narrow] = segment.first_chunk()?;
                    let of = |high, low| u32::from(u16::from_be_bytes([high, low]));
                    return Some((of(wide, narrow), of(high, low)));
                }
                rest = after.get(usize::from(u16::from_be_bytes(*length)).max(2)..)?;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, more: usize) -> Vec<u8> {
        let head = [PNG, b"\x00\x00\x00\x0dIHDR", &width.to_be_bytes(), &height.to_be_bytes()];
        [&head.concat(), &*vec![0; more], PNG_END].concat()
    }

    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let of = u16::to_be_bytes;
        let frame = [&[8][..], &of(height), &of(width), &[3]].concat();
        [b"\xff\xd8\xff\xe0\x00\x04AB\xff\xc4\x00\x03\x00\xff\xff\xc2\x00\x11", &frame[..], JPEG_END].concat()
    }

    #[test]
    fn what_it_is_is_known_by_its_bytes() {
        for (bytes, expected) in [
            (png(600, 200, 0), Ok("image/png")),
            (jpeg(600, 200), Ok("image/jpeg")),
            (png(601, 20, 0), Err(NoLogo::Size { width: 601, height: 20 })),
            (jpeg(60, 201), Err(NoLogo::Size { width: 60, height: 201 })),
            (png(60, 20, MOST_BYTES), Err(NoLogo::TooLarge)),
            (png(60, 20, 0)[..24].to_vec(), Err(NoLogo::Damaged)),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), Err(NoLogo::Kind)),
            (b"GIF89a".to_vec(), Err(NoLogo::Kind)),
            (Vec::new(), Err(NoLogo::Kind)),
            (png(0, 20, 0), Err(NoLogo::Damaged)),
            (PNG.to_vec(), Err(NoLogo::Damaged)),
            (b"\xff\xd8\xff\xda\x00\x04AB".to_vec(), Err(NoLogo::Damaged)),
            (b"\xff\xd8\xff".to_vec(), Err(NoLogo::Damaged)),
        ] {
            let read = read(bytes.clone()).map(|logo| logo.media_type);
            assert_eq!(read.as_deref().map_err(|why| *why), expected, "{bytes:?}");
        }
        assert_eq!(size(&jpeg(120, 40)), Some((120, 40)));
        // However it is cut, it is read to its end and no further.
        let whole = jpeg(120, 40);
        for end in 0..whole.len() - 1 - JPEG_END.len() {
            assert_eq!(size(&whole[..end]), None, "{end}");
        }
    }
}
