//! Simulated tasks whose truth is known, to try the rule on. Nothing here knows the rule, and the rule knows nothing of this.
//!
//! Every stream of draws begins at [`SEED`] plus the number of its panel, so every run of every figure can be repeated.

/// The published seed of all figures.
pub(crate) const SEED: u64 = 20_261_121;

/// A small generator of pseudo-random numbers (splitmix64, Steele et al. 2014).
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    /// A number in [0, 1).
    pub(crate) fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn happens(&mut self, chance: f64) -> bool {
        self.share() < chance
    }
}

/// One simulated task: what is true, and what each judge says of it; `None`: it abstains.
pub(crate) struct Item {
    pub(crate) truth: bool,
    pub(crate) votes: Vec<Option<bool>>,
}

/// How tasks and votes come about.
#[derive(Clone, Debug)]
pub(crate) enum World {
    /// G0, and G1 when its accuracies have to be learned: independent judges.
    Independent(Vec<f64>),
    /// G3: judges of a family repeat one draw with probability `copy`; the family is named by a number.
    Families { accuracies: Vec<f64>, families: Vec<usize>, copy: f64 },
    /// G4: on a share of the tasks all judges share one draw, right or wrong together.
    Hard { accuracies: Vec<f64>, together: f64 },
    /// G5: judges that see good and bad differently: (right on true ones, right on false ones); and how rare true ones are.
    Asymmetric { judges: Vec<(f64, f64)>, prior: f64 },
    /// G6: honest judges, and others.
    Adversaries { honest: Vec<f64>, others: Vec<Adversary> },
    /// G7: from task `at` on the judges are as good as `after` says.
    Drift { before: Vec<f64>, after: Vec<f64>, at: usize },
    /// G9: on hard tasks judges are worse, and abstain more.
    Timeouts { easy: f64, hard: f64, judges: usize, share_hard: f64 },
}

/// A judge that does not try.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Adversary {
    /// Says yes to everything.
    Yes,
    /// Knows better and says the opposite.
    Liar,
    /// Throws a coin.
    Coin,
    /// Says what the first honest judge says.
    CloneOfFirst,
    /// Is wrong seven times in ten, and sure of itself.
    Wrong,
}

impl World {
    /// How many judges there are.
    pub(crate) fn judges(&self) -> usize {
        match self {
            Self::Independent(accuracies) | Self::Families { accuracies, .. } | Self::Hard { accuracies, .. } => {
                accuracies.len()
            }
            Self::Asymmetric { judges, .. } => judges.len(),
            Self::Adversaries { honest, others } => honest.len() + others.len(),
            Self::Drift { before, .. } => before.len(),
            Self::Timeouts { judges, .. } => *judges,
        }
    }

    /// The family of each judge.
    pub(crate) fn families(&self) -> Vec<usize> {
        match self {
            Self::Families { families, .. } => families.clone(),
            _ => (0..self.judges()).collect(),
        }
    }

    /// The task with this number.
    pub(crate) fn item(&self, number: usize, draws: &mut Draws) -> Item {
        let prior = if let Self::Asymmetric { prior, .. } = self { *prior } else { 0.5 };
        let truth = draws.happens(prior);
        let votes = self.votes(number, truth, draws);
        Item { truth, votes }
    }

    fn votes(&self, number: usize, truth: bool, draws: &mut Draws) -> Vec<Option<bool>> {
        let honest = |p: f64, draws: &mut Draws| Some(draws.happens(p) == truth);
        match self {
            Self::Independent(accuracies) => accuracies.iter().map(|p| honest(*p, draws)).collect(),
            Self::Drift { before, after, at } => {
                let now = if number < *at { before } else { after };
                now.iter().map(|p| honest(*p, draws)).collect()
            }
            Self::Families { accuracies, families, copy } => {
                let each: Vec<Option<bool>> = accuracies.iter().map(|p| honest(*p, draws)).collect();
                let copied: Vec<bool> = families.iter().map(|_| draws.happens(*copy)).collect();
                // The first of a family draws for all, where that family copies.
                let first = |of: usize| families.iter().position(|family| *family == of).unwrap_or(0);
                let repeat = |(at, vote)| if copied[first(families[at])] { each[first(families[at])] } else { vote };
                each.iter().copied().enumerate().map(repeat).collect()
            }
            Self::Hard { accuracies, together } => {
                let each: Vec<Option<bool>> = accuracies.iter().map(|p| honest(*p, draws)).collect();
                if draws.happens(*together) { vec![each[0]; each.len()] } else { each }
            }
            Self::Asymmetric { judges, .. } => {
                judges.iter().map(|(sens, spec)| honest(if truth { *sens } else { *spec }, draws)).collect()
            }
            Self::Adversaries { honest: accuracies, others } => {
                let mut all: Vec<Option<bool>> = accuracies.iter().map(|p| honest(*p, draws)).collect();
                for other in others {
                    all.push(match other {
                        Adversary::Yes => Some(true),
                        Adversary::Liar => Some(!truth),
                        Adversary::Coin => Some(draws.happens(0.5)),
                        Adversary::CloneOfFirst => all[0],
                        Adversary::Wrong => Some(draws.happens(0.3) == truth),
                    });
                }
                all
            }
            Self::Timeouts { easy, hard, judges, share_hard } => {
                let is_hard = draws.happens(*share_hard);
                let (p, silent) = if is_hard { (*hard, 0.5) } else { (*easy, 0.05) };
                (0..*judges).map(|_| (!draws.happens(silent)).then_some(draws.happens(p) == truth)).collect()
            }
        }
    }
}

/// Twenty fixed panels of five, from equal to very unequal, for means and worst cases.
pub(crate) fn twenty() -> Vec<Vec<f64>> {
    let mut draws = Draws(SEED);
    (0..20).map(|_| (0..5).map(|_| 0.55 + 0.4 * draws.share().powi(2)).collect()).collect()
}

/// What plain majority says; a tie is `None`.
pub(crate) fn majority(votes: &[Option<bool>]) -> Option<bool> {
    let yes = votes.iter().filter(|vote| **vote == Some(true)).count();
    let no = votes.iter().filter(|vote| **vote == Some(false)).count();
    (yes != no).then_some(yes > no)
}
