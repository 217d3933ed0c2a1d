//! The providers a worker can ride on, and what is fixed about each: its name, how it is reached, whose it is,
//! its usual key and its usual address.

use super::layers::Leaf;
use super::reader::{FromValue, expected};

/// How a worker is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    /// The Claude Code command line.
    ClaudeCode,
    /// The Codex command line.
    Codex,
    /// The Gemini command line.
    GeminiCli,
    /// The GitHub Copilot command line.
    CopilotCli,
    /// The opencode command line.
    Opencode,
    /// The community Grok command line.
    GrokCli,
    /// A program of one's own: text in on stdin, text out on stdout.
    Command,
    /// Chat completions, of OpenAI or any compatible server.
    Openai,
    /// OpenAI's Responses.
    OpenaiResponses,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's `generateContent`.
    Gemini,
    /// xAI's chat completions.
    Xai,
    /// `OpenRouter`'s chat completions.
    Openrouter,
    /// Ollama, through its OpenAI-compatible address.
    Ollama,
    /// A tool of another MCP server.
    Mcp,
    /// An outside agent that claims the step.
    External,
    /// A person who answers.
    Human,
    /// Recorded answers from a cassette file.
    Replay,
}

/// Which family of transport a provider belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A program on this machine, run as a process.
    Cli,
    /// A call over HTTP.
    Http,
    /// Neither: it is answered by someone else, or from a recording.
    Other,
}

impl Provider {
    /// Every provider, in the order people are shown them.
    pub const ALL: [Self; 18] = [
        Self::ClaudeCode,
        Self::Codex,
        Self::GeminiCli,
        Self::CopilotCli,
        Self::Opencode,
        Self::GrokCli,
        Self::Command,
        Self::Openai,
        Self::OpenaiResponses,
        Self::Anthropic,
        Self::Gemini,
        Self::Xai,
        Self::Openrouter,
        Self::Ollama,
        Self::Mcp,
        Self::External,
        Self::Human,
        Self::Replay,
    ];

    /// The name in settings and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::GeminiCli => "gemini-cli",
            Self::CopilotCli => "copilot-cli",
            Self::Opencode => "opencode",
            Self::GrokCli => "grok-cli",
            Self::Command => "command",
            Self::Openai => "openai",
            Self::OpenaiResponses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Xai => "xai",
            Self::Openrouter => "openrouter",
            Self::Ollama => "ollama",
            Self::Mcp => "mcp",
            Self::External => "external",
            Self::Human => "human",
            Self::Replay => "replay",
        }
    }

    /// The provider of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == name)
    }

    /// How it is reached.
    #[must_use]
    pub const fn transport(self) -> Transport {
        match self {
            Self::ClaudeCode
            | Self::Codex
            | Self::GeminiCli
            | Self::CopilotCli
            | Self::Opencode
            | Self::GrokCli
            | Self::Command => Transport::Cli,
            Self::Openai
            | Self::OpenaiResponses
            | Self::Anthropic
            | Self::Gemini
            | Self::Xai
            | Self::Openrouter
            | Self::Ollama => Transport::Http,
            Self::Mcp | Self::External | Self::Human | Self::Replay => Transport::Other,
        }
    }

    /// Whether somebody outside takes its steps by himself: an agent that claims them, or a person.
    #[must_use]
    pub const fn is_outside(self) -> bool {
        matches!(self, Self::External | Self::Human)
    }

    /// The program a CLI provider runs when settings name no other.
    #[must_use]
    pub const fn program(self) -> Option<&'static str> {
        match self {
            Self::ClaudeCode => Some("claude"),
            Self::Codex => Some("codex"),
            Self::GeminiCli => Some("gemini"),
            Self::CopilotCli => Some("copilot"),
            Self::Opencode => Some("opencode"),
            Self::GrokCli => Some("grok"),
            _ => None,
        }
    }

    /// The environment variable that usually holds its key; a CLI has one only besides its own login.
    #[must_use]
    pub const fn api_key_env(self) -> Option<&'static str> {
        match self {
            Self::ClaudeCode | Self::Anthropic => Some("ANTHROPIC_API_KEY"),
            Self::Codex | Self::Openai | Self::OpenaiResponses => Some("OPENAI_API_KEY"),
            Self::GeminiCli | Self::Gemini => Some("GEMINI_API_KEY"),
            Self::CopilotCli => Some("COPILOT_GITHUB_TOKEN"),
            Self::GrokCli => Some("GROK_API_KEY"),
            Self::Xai => Some("XAI_API_KEY"),
            Self::Openrouter => Some("OPENROUTER_API_KEY"),
            Self::Opencode | Self::Command | Self::Ollama | Self::Mcp | Self::External | Self::Human | Self::Replay => {
                None
            }
        }
    }

    /// The usual address of an HTTP provider, with the trailing slash that joining needs.
    #[must_use]
    pub const fn base_url(self) -> Option<&'static str> {
        match self {
            Self::Openai | Self::OpenaiResponses => Some("https://api.openai.com/v1/"),
            Self::Anthropic => Some("https://api.anthropic.com/v1/"),
            Self::Gemini => Some("https://generativelanguage.googleapis.com/v1beta/"),
            Self::Xai => Some("https://api.x.ai/v1/"),
            Self::Openrouter => Some("https://openrouter.ai/api/v1/"),
            Self::Ollama => Some("http://127.0.0.1:11434/v1/"),
            _ => None,
        }
    }

    /// The vendor whose models it runs, where that does not depend on the model.
    pub(super) const fn vendor(self) -> Option<&'static str> {
        match self {
            Self::ClaudeCode | Self::Anthropic => Some("anthropic"),
            Self::Codex | Self::OpenaiResponses => Some("openai"),
            Self::GeminiCli | Self::Gemini => Some("google"),
            Self::GrokCli | Self::Xai => Some("xai"),
            _ => None,
        }
    }
}

impl FromValue for Provider {
    fn from_leaf(leaf: &Leaf) -> Result<Self, String> {
        let name = leaf.value.as_str().ok_or_else(|| expected("the name of a provider", leaf))?;
        Self::parse(name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|provider| provider.as_str()).collect();
            let near = super::nearest::of(name, names.iter().copied());
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("must be one of {}{near}", names.join(", "))
        })
    }
    fn stand_in() -> Self {
        Self::Human
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_unique() {
        for provider in Provider::ALL {
            assert_eq!(Provider::parse(provider.as_str()), Some(provider));
        }
        assert_eq!(Provider::parse("claude"), None);
    }

    #[test]
    fn addresses_end_in_a_slash_and_belong_to_http() {
        for provider in Provider::ALL {
            assert_eq!(provider.base_url().is_some(), provider.transport() == Transport::Http, "{}", provider.as_str());
            assert!(provider.base_url().is_none_or(|url| url.ends_with('/')));
        }
    }
}
