//! The parts of a workbook: XML files in a ZIP archive, unpacked a piece at a time and counted.

use std::{
    cell::Cell,
    io::{self, BufRead, BufReader, Cursor, Read},
    rc::Rc,
};

use quick_xml::{Reader, events::Event};
use zip::{ZipArchive, read::ZipFile, result::ZipError};

use super::{ImportError, MOST_UNPACKED};

/// Parts that a workbook may have. What is kept of each is some hundred bytes, before the first is unpacked.
const MOST_PARTS: usize = 10_000;
/// What stands before each part in the archive's list of them (APPNOTE.TXT 4.3.12).
const LISTED: &[u8] = b"PK\x01\x02";
/// Bytes of one piece of XML, for one the text of a cell.
const MOST_PIECE: u64 = 2 << 20;
/// Bytes that one byte may unpack to; sheets of nothing but the same come to some thirty.
const MOST_RATIO: u64 = 100;
/// Bytes that any part may unpack to.
const SMALL: u64 = 1 << 20;
/// Elements that are open at the same time, all of which are kept; workbooks have some ten.
const MOST_OPEN: u32 = 64;

/// The archive.
pub(super) struct Parts<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes of it.
    size: u64,
    /// Bytes that may still be unpacked.
    left: Rc<Cell<u64>>,
}

/// What is unpacked of one.
type Unpacked<'p, 'a> = BufReader<ZipFile<'p, Cursor<&'a [u8]>>>;

/// One part, read from its beginning.
pub(super) struct Xml<'p, 'a> {
    reader: Reader<Bounded<Unpacked<'p, 'a>>>,
    buffer: Vec<u8>,
    /// Elements that are open.
    open: u32,
}

impl<'a> Parts<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, ImportError> {
        if memchr::memmem::find_iter(bytes, LISTED).count() > MOST_PARTS {
            return Err(ImportError::WorkbookTooLarge);
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| ImportError::DamagedWorkbook)?;
        Ok(Self { archive, size: bytes.len() as u64, left: Rc::new(Cell::new(MOST_UNPACKED)) })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(name).is_some()
    }

    /// The part of this name, of which no more than `most` bytes are unpacked; `None`: there is none.
    pub(super) fn xml(&mut self, name: &str, most: u64) -> Result<Option<Xml<'_, 'a>>, ImportError> {
        let part = match self.archive.by_name(name) {
            Err(ZipError::FileNotFound) => return Ok(None),
            part => part.map_err(|_| ImportError::DamagedWorkbook)?,
        };
        let stored = part.compressed_size().min(self.size);
        let of_size = stored.saturating_mul(MOST_RATIO).saturating_add(SMALL);
        let bounded = Bounded {
            inner: BufReader::new(part),
            all_left: Rc::clone(&self.left),
            part_left: most.min(of_size),
            piece_left: MOST_PIECE,
            is_over: false,
        };
        let mut reader = Reader::from_reader(bounded);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = false;
        Ok(Some(Xml { reader, buffer: Vec::new(), open: 0 }))
    }
}

impl Xml<'_, '_> {
    /// The next piece.
    pub(super) fn next(&mut self) -> Result<Event<'_>, ImportError> {
        self.buffer.clear();
        self.reader.get_mut().piece_left = MOST_PIECE;
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(_) if self.reader.get_ref().is_over => return Err(ImportError::WorkbookTooLarge),
            Err(_) => return Err(ImportError::DamagedWorkbook),
        };
        match &event {
            Event::Start(_) if self.open >= MOST_OPEN => return Err(ImportError::DamagedWorkbook),
            Event::Start(_) => self.open += 1,
            Event::End(_) => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        Ok(event)
    }
}

/// Gives no more than it may.
struct Bounded<R> {
    inner: R,
    all_left: Rc<Cell<u64>>,
    part_left: u64,
    piece_left: u64,
    is_over: bool,
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.part_left == 0 || self.piece_left == 0 || self.all_left.get() == 0 {
            self.is_over = true;
            return Err(io::Error::other("too much is unpacked"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        let bytes = amount as u64;
        self.part_left = self.part_left.saturating_sub(bytes);
        self.piece_left = self.piece_left.saturating_sub(bytes);
        self.all_left.set(self.all_left.get().saturating_sub(bytes));
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_ends_the_reading() {
        for (all, part, piece, is_read) in
            [(100, 100, 100, true), (10, 100, 100, false), (100, 10, 100, false), (100, 100, 10, false)]
        {
            let mut bounded = Bounded {
                inner: &[b'a'; 50][..],
                all_left: Rc::new(Cell::new(all)),
                part_left: part,
                piece_left: piece,
                is_over: false,
            };
            let mut some = [0; 5];
            while bounded.read(&mut some).is_ok_and(|read| read > 0) {}
            assert_eq!(bounded.is_over, !is_read, "{all} {part} {piece}");
            assert_eq!(bounded.all_left.get(), all - if is_read { 50 } else { 10 });
        }
    }
}
