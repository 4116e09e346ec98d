//! The file of messages (bench/compare/message_file.h says what is in it).
use crate::protocol::fail;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

const FIXED_BYTES: usize = 28;

pub struct Message {
    pub partition: i64,
    pub offset: i64,
    pub time: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
}

pub struct MessageFile {
    reader: BufReader<File>,
}

impl MessageFile {
    pub fn open(path: &Path) -> MessageFile {
        let file = File::open(path).unwrap_or_else(|error| fail(&error.to_string()));
        let mut reader = BufReader::with_capacity(4 << 20, file);
        let mut magic = [0; 8];
        if reader.read_exact(&mut magic).is_err() || &magic != b"KSEEKMSG" {
            fail("this is not a file of messages");
        }
        MessageFile { reader }
    }

    /// None at the end.
    pub fn next(&mut self) -> Option<Message> {
        let mut size = [0; 4];
        match self.reader.read_exact(&mut size) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
            result => result.unwrap_or_else(|error| fail(&error.to_string())),
        }
        let mut record = vec![0; u32::from_le_bytes(size) as usize];
        self.reader.read_exact(&mut record).unwrap_or_else(|_| fail("the file of messages breaks off"));
        let four = |at: usize| i32::from_le_bytes(record[at..at + 4].try_into().unwrap());
        let eight = |at: usize| i64::from_le_bytes(record[at..at + 8].try_into().unwrap());
        let (key_size, value_size) = (four(20), four(24));
        let value_at = FIXED_BYTES + key_size.max(0) as usize;
        Some(Message {
            partition: four(0).into(),
            offset: eight(4),
            time: eight(12),
            key: (key_size >= 0).then(|| record[FIXED_BYTES..value_at].to_vec()),
            value: (value_size >= 0).then(|| record[value_at..].to_vec()),
        })
    }
}
