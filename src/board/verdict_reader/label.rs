//! The letters under which candidates are shown, and reading them back. Which candidate a letter stands for is the
//! caller's order.

/// The label of the candidate at `index` (from 0): `A` … `Z`, then `A2`, `B2`, …
pub fn candidate_label(index: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
    match index / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{}", round + 1),
    }
}

/// The index that a model's wording of a label means: `A`, `b.`, `Candidate C`, `candidate_d`.
pub(super) fn candidate_index(wording: &str) -> Option<usize> {
    let lower: String =
        wording.chars().take(40).filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_lowercase();
    let label = ["candidate", "answer", "option"].iter().find_map(|word| lower.strip_prefix(word)).unwrap_or(&lower);
    let mut rest = label.chars();
    let letter = rest.next().filter(char::is_ascii_lowercase)?;
    let round = match rest.as_str() {
        "" => 1,
        digits => digits.parse::<usize>().ok().filter(|round| (2..1000).contains(round))?,
    };
    Some(usize::from(u8::try_from(letter).ok()? - b'a') + 26 * (round - 1))
}
