//! Words in scripts that are written without spaces. SQLite's tokenizer takes a whole sentence of them for one word, so each
//! of their characters is made a word of its own before it sees the text; a typed run of them is then searched as a phrase.
//! That finds any part of a sentence, needs no dictionary, and costs nothing for texts in other scripts. A second table of
//! trigrams was the alternative: it doubles the file, and cannot find words of one or two characters, which is most of them.

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Stands between two characters that would be one word. The tokenizer skips it; snippets are shown without it.
pub(super) const SEAM: char = '\u{1f}';

/// The text as the index keeps and searches it: composed (Unicode form C), with seams.
pub(super) fn segmented(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let composed: Cow<'_, str> = match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    };
    if !composed.chars().any(stands_alone) {
        return composed;
    }
    let mut out = String::with_capacity(composed.len() + composed.len() / 3);
    let mut before = None;
    for c in composed.chars() {
        if before.is_some_and(|before| stands_alone(before) || stands_alone(c)) {
            out.push(SEAM);
        }
        out.push(c);
        before = Some(c);
    }
    Cow::Owned(out)
}

/// Whether the character belongs to a script without spaces between words (Unicode blocks, version 16), or to Hangul, where
/// particles hang on to the word.
fn stands_alone(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF        // Thai, Lao
        | 0x1000..=0x109F      // Myanmar
        | 0x1780..=0x17FF      // Khmer
        | 0x3005..=0x3007      // ideographic iteration mark, closing mark, zero
        | 0x3040..=0x30FF      // Hiragana, Katakana
        | 0x31F0..=0x31FF      // Katakana extensions
        | 0x3400..=0x4DBF      // Han, extension A
        | 0x4E00..=0x9FFF      // Han
        | 0xAC00..=0xD7A3      // Hangul syllables
        | 0xF900..=0xFAFF      // Han, compatibility
        | 0xFF66..=0xFF9F      // Katakana, half width
        | 0x20000..=0x323AF    // Han, extensions B to H
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_that_need_it_are_changed() {
        assert!(matches!(segmented("plain words"), Cow::Borrowed(_)));
        assert!(matches!(segmented("Käse à la carte"), Cow::Borrowed(_)));
        assert_eq!(segmented("cafe\u{301}"), "café");
        assert_eq!(segmented("東京tower"), "東\u{1f}京\u{1f}tower");
    }
}
