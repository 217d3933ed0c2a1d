//! A session's name with what it had already cost. Claude Code, Codex and Copilot count tokens or money over the whole
//! session, so the next turn's own share is a difference; what was counted until now travels with the name.

use crate::board::Usage;

/// A session and what its turns had used in all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Session {
    /// The name that the program knows.
    pub(crate) id: String,
    /// What its turns used until now.
    pub(crate) used: Usage,
}

impl Session {
    /// Reads `ID` or `ID used=INPUT/CACHED/OUTPUT/COST`.
    pub(crate) fn parse(text: &str) -> Self {
        let (id, used) = text.split_once(" used=").unwrap_or((text, ""));
        let mut parts = used.split('/');
        let mut tokens = || parts.next().and_then(|part| part.parse().ok()).unwrap_or_default();
        let (input_tokens, cached_tokens, output_tokens) = (tokens(), tokens(), tokens());
        let cost_usd = parts.next().and_then(|part| part.parse().ok());
        Self { id: id.to_owned(), used: Usage { input_tokens, output_tokens, cached_tokens, cost_usd } }
    }

    /// The text that `parse` reads.
    pub(crate) fn text(&self) -> String {
        let Usage { input_tokens, output_tokens, cached_tokens, cost_usd } = self.used;
        let cost = cost_usd.map(|cost| cost.to_string()).unwrap_or_default();
        format!("{} used={input_tokens}/{cached_tokens}/{output_tokens}/{cost}", self.id)
    }

    /// What this turn used, where the program said what all turns used. A count that went down began anew.
    pub(crate) fn share(&self, total: Usage) -> Usage {
        let less = |total: u64, before: u64| total.checked_sub(before).unwrap_or(total);
        Usage {
            input_tokens: less(total.input_tokens, self.used.input_tokens),
            output_tokens: less(total.output_tokens, self.used.output_tokens),
            cached_tokens: less(total.cached_tokens, self.used.cached_tokens),
            cost_usd: total.cost_usd.map(|cost| share_of_cost(cost, self.used.cost_usd)),
        }
    }
}

fn share_of_cost(total: f64, before: Option<f64>) -> f64 {
    let share = total - before.unwrap_or_default();
    if share < 0.0 { total } else { share }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_travels_with_the_name_and_is_taken_off() {
        let used = Usage { input_tokens: 10_000, output_tokens: 5, cached_tokens: 100, cost_usd: Some(0.5) };
        let session = Session { id: "01a1".to_owned(), used };
        assert_eq!(Session::parse(&session.text()), session);
        let total = Usage { input_tokens: 20_229, output_tokens: 9, cached_tokens: 50, cost_usd: Some(0.75) };
        let share = Usage { input_tokens: 10_229, output_tokens: 4, cached_tokens: 50, cost_usd: Some(0.25) };
        assert_eq!(session.share(total), share);
    }

    #[test]
    fn a_bare_name_has_used_nothing() {
        let session = Session::parse("5f0c-1");
        assert_eq!(session, Session { id: "5f0c-1".to_owned(), used: Usage::default() });
    }
}
