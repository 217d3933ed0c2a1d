//! The nearest valid spelling of a word that is not known, for messages.

/// The candidate most like `word`, when one is like enough to be what was meant.
pub fn of<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count().max(word.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_noise_finds_none() {
        let words = ["retries", "rounds_max", "model"];
        assert_eq!(of("retires", words.into_iter()), Some("retries"));
        assert_eq!(of("modle", words.into_iter()), Some("model"));
        assert_eq!(of("zzz", words.into_iter()), None);
    }
}
