//! The optimal Bayes vote, enumerated from its definition, to compare the rule with. It shares no code with the rule.

/// `P(true | votes)` for independent judges of accuracy `p` with even odds before, by Bayes' theorem over both truths.
/// A vote is `Some(true)` for, `Some(false)` against, `None` for an abstention.
pub(super) fn posterior(accuracies: &[f64], votes: &[Option<bool>]) -> f64 {
    let likelihood = |truth: bool| -> f64 {
        accuracies
            .iter()
            .zip(votes)
            .map(|(p, vote)| match vote {
                None => 1.0,
                Some(said) if *said == truth => *p,
                Some(_) => 1.0 - p,
            })
            .product()
    };
    likelihood(true) / (likelihood(true) + likelihood(false))
}

/// Every pattern of `n` votes, abstentions among them: 3^n.
pub(super) fn patterns(n: usize) -> impl Iterator<Item = Vec<Option<bool>>> {
    let choices = [None, Some(true), Some(false)];
    (0..3_usize.pow(u32::try_from(n).unwrap_or(0))).map(move |code| {
        (0..n).map(|place| choices[code / 3_usize.pow(u32::try_from(place).unwrap_or(0)) % 3]).collect()
    })
}

/// Accuracy of a rule over every pattern without abstentions, weighed by how often it occurs; a tie counts one half.
pub(super) fn accuracy(accuracies: &[f64], says_true: impl Fn(&[Option<bool>]) -> Option<bool>) -> f64 {
    let full = patterns(accuracies.len()).filter(|pattern| pattern.iter().all(Option::is_some));
    full.map(|pattern| {
        // By symmetry it is enough to look at the truth `true`.
        let probability: f64 =
            accuracies.iter().zip(&pattern).map(|(p, vote)| if *vote == Some(true) { *p } else { 1.0 - p }).product();
        probability
            * match says_true(&pattern) {
                Some(true) => 1.0,
                Some(false) => 0.0,
                None => 0.5,
            }
    })
    .sum()
}
