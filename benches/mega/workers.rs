//! The simulated workers: who they are, how quick, how able. Names and prices are those of models that exist, the prices
//! come from the shipped table; speeds and abilities are stated here and nowhere else. The engine sees none of this: it
//! reads the settings and the answers.

use synod::config::{Provider, prices};

/// A simulated worker.
pub(crate) struct Model {
    /// Its name in the settings.
    pub(crate) name: &'static str,
    provider: Provider,
    model: &'static str,
    /// 1 strongest … 5.
    pub(crate) tier: usize,
    /// Seconds to the first token.
    first_token_s: f64,
    /// Tokens a second after it.
    tokens_per_s: f64,
}

const fn model(
    name: &'static str,
    provider: Provider,
    model: &'static str,
    tier: usize,
    first_token_s: f64,
    tokens_per_s: f64,
) -> Model {
    Model { name, provider, model, tier, first_token_s, tokens_per_s }
}

/// From strong, slow and dear to weak, quick and cheap. The first is the strongest.
pub(crate) const MODELS: [Model; 9] = [
    model("claude-opus", Provider::Anthropic, "claude-opus-4-5", 1, 3.0, 50.0),
    model("claude-sonnet", Provider::Anthropic, "claude-sonnet-4-5", 2, 2.0, 70.0),
    model("gpt-5", Provider::Openai, "gpt-5", 2, 4.0, 60.0),
    model("gpt-5-codex", Provider::Openai, "gpt-5-codex", 2, 3.0, 70.0),
    model("gemini-pro", Provider::Gemini, "gemini-2.5-pro", 2, 3.0, 90.0),
    model("grok-code", Provider::Xai, "grok-code-fast-1", 3, 1.0, 130.0),
    model("gpt-5-mini", Provider::Openai, "gpt-5-mini", 4, 1.5, 110.0),
    model("gemini-flash", Provider::Gemini, "gemini-2.5-flash", 4, 0.8, 180.0),
    model("gpt-5-nano", Provider::Openai, "gpt-5-nano", 5, 0.8, 160.0),
];

/// What a step is, which is what decides how hard it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    Look,
    Write,
    Code,
    HardCode,
    Review,
    Design,
    /// Planning, planning anew, looking at how the plan goes.
    Steer,
}

/// Word, chance that a worker of tier 1 … 5 manages it, tokens in (low, high), tokens out (low, high).
struct Facts {
    word: &'static str,
    ability: [f64; 5],
    tokens_in: (f64, f64),
    tokens_out: (f64, f64),
}

impl Sort {
    pub(crate) const ALL: [Self; 7] =
        [Self::Look, Self::Write, Self::Code, Self::HardCode, Self::Review, Self::Design, Self::Steer];

    fn facts(self) -> Facts {
        let facts = |word, ability, tokens_in, tokens_out| Facts { word, ability, tokens_in, tokens_out };
        match self {
            Self::Look => facts("look", [0.998, 0.997, 0.99, 0.985, 0.97], (800.0, 3e3), (120.0, 500.0)),
            Self::Write => facts("write", [0.995, 0.99, 0.97, 0.95, 0.85], (2e3, 8e3), (600.0, 2e3)),
            Self::Code => facts("code", [0.99, 0.985, 0.96, 0.92, 0.65], (3e3, 12e3), (700.0, 2.5e3)),
            Self::HardCode => facts("hard-code", [0.97, 0.94, 0.82, 0.60, 0.20], (5e3, 20e3), (1.5e3, 5e3)),
            Self::Review => facts("review", [0.985, 0.97, 0.90, 0.80, 0.45], (4e3, 15e3), (500.0, 1.8e3)),
            Self::Design => facts("design", [0.98, 0.95, 0.80, 0.55, 0.20], (4e3, 20e3), (1.2e3, 4e3)),
            Self::Steer => facts("steer", [0.99, 0.98, 0.90, 0.70, 0.30], (4e3, 16e3), (1.5e3, 4e3)),
        }
    }

    pub(crate) fn word(self) -> &'static str {
        self.facts().word
    }

    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.word() == word)
    }

    /// The chance that a worker of this tier manages it.
    pub(crate) fn ability(self, tier: usize) -> f64 {
        self.facts().ability[tier.clamp(1, 5) - 1]
    }

    /// Tokens in and out: (low, high) each.
    pub(crate) fn tokens(self) -> [(f64, f64); 2] {
        let facts = self.facts();
        [facts.tokens_in, facts.tokens_out]
    }
}

impl Model {
    /// By its name in the settings.
    pub(crate) fn named(name: &str) -> &'static Self {
        MODELS.iter().find(|model| model.name == name).unwrap_or_else(|| panic!("no worker {name}"))
    }

    /// Seconds that so many tokens take.
    pub(crate) fn seconds(&self, tokens_out: f64) -> f64 {
        self.first_token_s + tokens_out / self.tokens_per_s
    }

    /// US dollars for so many tokens, by the shipped list price.
    pub(crate) fn usd(&self, tokens_in: f64, tokens_out: f64) -> f64 {
        let price = prices::lookup(self.provider, self.model).unwrap();
        price.usd(tokens_in as u64, 0, 0, tokens_out as u64)
    }

    fn prices(&self) -> (f64, f64) {
        let price = prices::lookup(self.provider, self.model).unwrap();
        (price.input, price.output)
    }
}

/// The settings of a workspace with these workers. The addresses lead nowhere: only a simulated caller can be asked.
pub(crate) fn settings(limits: &str) -> String {
    let worker = |model: &Model| {
        format!(
            "[workers.{}]\nprovider = \"{}\"\nbase_url = \"http://127.0.0.1:9/\"\nmodel = \"{}\"\ntier = {}\nmax_concurrent = 5\n",
            model.name,
            model.provider.as_str(),
            model.model,
            model.tier
        )
    };
    let workers: String = MODELS.iter().map(worker).collect();
    format!("[limits]\n{limits}\n{workers}")
}

/// The workers and the sorts of steps, for the reader of the figures.
pub(crate) fn print() {
    println!(
        "\nworkers: name, tier, USD per million tokens in / out (shipped price table), s to first token, tokens/s"
    );
    for model in &MODELS {
        let (price_in, price_out) = model.prices();
        println!(
            "  {:<14} {}  {price_in:>5.2} / {price_out:>5.2}  {:>4.1}  {:>4}",
            model.name, model.tier, model.first_token_s, model.tokens_per_s
        );
    }
    println!("chance to manage a step by the worker's tier 1 … 5; tokens in, out");
    for sort in Sort::ALL {
        let ([low_in, high_in], [low_out, high_out]) = {
            let [one, other] = sort.tokens();
            ([one.0, one.1], [other.0, other.1])
        };
        println!("  {:<10} {:?}  {low_in} to {high_in}, {low_out} to {high_out}", sort.word(), sort.facts().ability);
    }
}
