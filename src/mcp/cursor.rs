//! Where a list goes on: opaque to clients, and the same for the same place, so that a page can be asked for again.

/// The place after a page of resources. Memories come first, then tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    /// After the memory of this name.
    Memories(String),
    /// At the tasks before this place; `None`: at the first.
    Tasks(Option<u64>),
}

impl Cursor {
    /// As clients carry it.
    pub(super) fn written(&self) -> String {
        let plain = match self {
            Self::Memories(after) => format!("m{after}"),
            Self::Tasks(None) => "t".to_owned(),
            Self::Tasks(Some(before)) => format!("t{before}"),
        };
        plain.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    /// As clients hand it back; `None`: it is none of ours.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.len() % 2 == 1 || !text.is_ascii() {
            return None;
        }
        let bytes: Option<Vec<u8>> =
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect();
        let plain = String::from_utf8(bytes?).ok()?;
        if let Some(after) = plain.strip_prefix('m') {
            return Some(Self::Memories(after.to_owned()));
        }
        match plain.strip_prefix('t')? {
            "" => Some(Self::Tasks(None)),
            before => before.parse().ok().map(|before| Self::Tasks(Some(before))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        for cursor in [Cursor::Memories("ünï/x".to_owned()), Cursor::Tasks(None), Cursor::Tasks(Some(7))] {
            assert_eq!(Cursor::read(&cursor.written()), Some(cursor));
        }
        for text in ["", "zz", "7", "€€", "6d€", "71"] {
            assert_eq!(Cursor::read(text), None, "{text}");
        }
    }
}
