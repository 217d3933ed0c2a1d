//! The bytes of one stored value: version, form, chunk count, checksum, payload. Pure; `docs/design/store.md` has the table.
//! Anything that changes here must go on reading what `tests/fixtures/store-v1.txt` holds.

/// The version this code writes. Every version ever released is read.
pub(super) const VERSION: u8 = 1;

/// Longest value given to sled. Values of 16 KiB were seen to land in files that no sync reaches; this stays far below.
pub(super) const VALUE_BYTES_MAX: usize = 4096;

/// Bytes before the payload.
const HEADER_BYTES: usize = 8;

/// Longest payload of one chunk.
pub(super) const PAYLOAD_BYTES_MAX: usize = VALUE_BYTES_MAX - HEADER_BYTES;

/// How the payload is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// The JSON is compressed (raw deflate).
    pub(super) deflated: bool,
    /// The payload is not the content but the name of a blob that holds it.
    pub(super) spilled: bool,
}

impl Form {
    fn byte(self) -> u8 {
        u8::from(self.deflated) | (u8::from(self.spilled) << 1)
    }

    fn read(byte: u8) -> Option<Self> {
        (byte < 4).then_some(Self { deflated: byte & 1 != 0, spilled: byte & 2 != 0 })
    }
}

/// One chunk of a row, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk<'a> {
    /// How the row's payload is to be read; the same in each of its chunks.
    pub(super) form: Form,
    /// How many chunks the row has, at least 1.
    pub(super) count: u16,
    /// This chunk's part.
    pub(super) payload: &'a [u8],
}

/// The value of one chunk. The checksum covers the key too, so that a value that turns up under another key is noticed.
pub(super) fn encode(key: &[u8], chunk: &Chunk<'_>) -> Vec<u8> {
    let mut value = Vec::with_capacity(HEADER_BYTES + chunk.payload.len());
    value.push(VERSION);
    value.push(chunk.form.byte());
    value.extend_from_slice(&chunk.count.to_be_bytes());
    let sum = checksum(key, &value, chunk.payload);
    value.extend_from_slice(&sum.to_be_bytes());
    value.extend_from_slice(chunk.payload);
    value
}

/// Reads a chunk back. The error says what is wrong, for a person.
pub(super) fn decode<'a>(key: &[u8], value: &'a [u8]) -> Result<Chunk<'a>, String> {
    let (head, payload) = value
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or_else(|| format!("it has {} bytes where its header alone has {HEADER_BYTES}", value.len()))?;
    let [version, form, c0, c1, s0, s1, s2, s3] = *head;
    if version != VERSION {
        return Err(format!(
            "it has format version {version}, and this program reads version {VERSION}: a newer one wrote it"
        ));
    }
    if u32::from_be_bytes([s0, s1, s2, s3]) != checksum(key, &[version, form, c0, c1], payload) {
        return Err("its checksum does not match".to_owned());
    }
    let count = u16::from_be_bytes([c0, c1]);
    match Form::read(form) {
        Some(form) if count > 0 => Ok(Chunk { form, count, payload }),
        _ => Err(format!("its form {form} with {count} chunks is unknown: a newer program wrote it")),
    }
}

fn checksum(key: &[u8], head: &[u8], payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(key);
    sum.update(head);
    sum.update(payload);
    sum.finalize()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;

    const PLAIN: Form = Form { deflated: false, spilled: false };

    #[test]
    fn every_flipped_bit_is_noticed_and_so_is_a_foreign_key() {
        let chunk = Chunk { form: PLAIN, count: 1, payload: b"{\"event\":\"task_archived\"}" };
        let value = encode(b"e1", &chunk);
        assert_eq!(decode(b"e1", &value).unwrap(), chunk);
        assert!(decode(b"e2", &value).is_err());
        for bit in 0..value.len() * 8 {
            let mut bad = value.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(b"e1", &bad).is_err(), "bit {bit}");
        }
        for length in 0..value.len() {
            assert!(decode(b"e1", &value[..length]).is_err(), "cut to {length}");
        }
    }
}
