//! What is read from the raw frames of a streamed answer beside its text: the model, the usage, why it stopped, errors.
//! The library loses part of it on the way (usage beside non-empty choices, cost, errors of the Responses wire), so it is
//! taken from the wire itself. One reader serves all wires, because their field names do not collide.

use super::usage::Tokens;
use serde_json::Value;

/// What the frames of one answer said.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    /// Frames that held data. None at all means that the body was no event stream.
    pub(super) frames: u64,
    /// The model that says it answers.
    pub(super) model: Option<String>,
    /// Tokens so far.
    pub(super) tokens: Tokens,
    /// The stop reason in the provider's own word.
    pub(super) stop: Option<String>,
    /// The last error body.
    pub(super) error: Option<Value>,
    /// That the content was refused, with the provider's code for why; empty when the model refused in its own words,
    /// which are not kept, because they answer the prompt and can quote it.
    pub(super) refused: Option<String>,
    /// The request never began to be answered, so nobody charges for it.
    pub(super) unbilled: bool,
}

impl Notes {
    /// Reads the data of one frame. What is not JSON (`[DONE]`, keep-alives) only counts.
    pub(super) fn read(&mut self, data: &str) {
        if data.is_empty() {
            return;
        }
        self.frames += 1;
        let Ok(frame) = serde_json::from_str::<Value>(data) else { return };
        self.read_model(&frame);
        self.read_usage(&frame);
        self.read_stop(&frame);
        self.read_error(frame);
    }

    fn read_model(&mut self, frame: &Value) {
        let places = ["/model", "/message/model", "/response/model", "/modelVersion"];
        if let Some(model) = places.iter().find_map(|place| frame.pointer(place)?.as_str()).filter(|m| !m.is_empty()) {
            self.model = Some(model.to_owned());
        }
    }

    fn read_usage(&mut self, frame: &Value) {
        for place in ["/usage", "/message/usage", "/response/usage"] {
            if let Some(usage) = frame.pointer(place).filter(|usage| usage.is_object()) {
                self.tokens.read(usage);
            }
        }
        if let Some(usage) = frame.get("usageMetadata").filter(|usage| usage.is_object()) {
            self.tokens.read_gemini(usage);
        }
    }

    fn read_stop(&mut self, frame: &Value) {
        let text = |place: &str| frame.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty());
        let places = ["/choices/0/finish_reason", "/delta/stop_reason", "/candidates/0/finishReason"];
        if let Some(stop) = places.iter().find_map(|place| text(place)) {
            self.stop = Some(stop.to_owned());
        }
        match text("/type") {
            Some("response.completed") => self.stop = Some("completed".to_owned()),
            // The reason matters: a filter ends a response as incomplete just as the token limit does.
            Some("response.incomplete") => {
                let reason = text("/response/incomplete_details/reason");
                let filtered = reason == Some("content_filter");
                self.stop = Some(if filtered { "content_filter" } else { "incomplete" }.to_owned());
            }
            _ => {}
        }
        if text("/choices/0/delta/refusal").is_some() || has_refusal_part(frame) {
            self.refused.get_or_insert_default();
        }
        if let Some(reason) = text("/promptFeedback/blockReason") {
            self.refused = Some(reason.to_owned());
        }
    }

    fn read_error(&mut self, frame: Value) {
        let kind = frame.get("type").and_then(Value::as_str).unwrap_or_default();
        if kind == "response.failed" {
            self.error = frame.pointer("/response/error").map(|error| serde_json::json!({ "error": error }));
        } else if kind == "error" || frame.get("error").is_some_and(|error| !error.is_null()) {
            self.error = Some(frame);
        }
    }
}

/// Whether a response of the Responses wire holds a part that is a refusal; it still counts as completed.
fn has_refusal_part(frame: &Value) -> bool {
    let parts = |item: &Value| item.get("content").and_then(Value::as_array).cloned().unwrap_or_default();
    let items = frame.pointer("/response/output").and_then(Value::as_array);
    items.is_some_and(|items| {
        items.iter().flat_map(parts).any(|part| part.get("type").and_then(Value::as_str) == Some("refusal"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(frames: &[&str]) -> Notes {
        let mut notes = Notes::default();
        frames.iter().for_each(|frame| notes.read(frame));
        notes
    }

    #[test]
    fn chat_completions_give_model_stop_and_usage_also_beside_choices() {
        let notes = notes(&[
            r#"{"model":"m-1","choices":[{"delta":{"content":"a"},"finish_reason":null}]}"#,
            r#"{"model":"m-1","choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"cost":0.5}}"#,
            "[DONE]",
        ]);
        assert_eq!((notes.model.as_deref(), notes.stop.as_deref()), (Some("m-1"), Some("stop")));
        assert_eq!(notes.tokens.priced(None).cost_usd, Some(0.5));
        assert_eq!(notes.frames, 3);
    }

    #[test]
    fn anthropic_gemini_and_responses_are_read_too() {
        let anthropic = notes(&[
            r#"{"type":"message_start","message":{"model":"claude","usage":{"input_tokens":5,"output_tokens":1}}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":9}}"#,
        ]);
        assert_eq!((anthropic.model.as_deref(), anthropic.stop.as_deref()), (Some("claude"), Some("max_tokens")));
        assert_eq!(anthropic.tokens.output(), 9);
        let gemini = notes(&[
            r#"{"modelVersion":"g","candidates":[{"finishReason":"SAFETY"}],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":3}}"#,
        ]);
        assert_eq!((gemini.model.as_deref(), gemini.stop.as_deref()), (Some("g"), Some("SAFETY")));
        let responses = notes(&[
            r#"{"type":"response.incomplete","response":{"model":"r","incomplete_details":{"reason":"content_filter"},"usage":{"input_tokens":4,"output_tokens":2}}}"#,
        ]);
        assert_eq!((responses.model.as_deref(), responses.stop.as_deref()), (Some("r"), Some("content_filter")));
    }

    #[test]
    fn errors_and_refusals_are_kept_and_null_errors_are_none() {
        assert!(notes(&[r#"{"type":"response.created","error":null,"response":{"error":null}}"#]).error.is_none());
        let failed =
            notes(&[r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"x"}}}"#]);
        assert_eq!(failed.error.and_then(|e| e.pointer("/error/code").cloned()), Some("server_error".into()));
        assert!(notes(&[r#"{"type":"error","error":{"type":"overloaded_error"}}"#]).error.is_some());
        let refused = |frame: &str| notes(&[frame]).refused;
        assert_eq!(refused(r#"{"choices":[{"delta":{"refusal":"I cannot"}}]}"#).as_deref(), Some(""));
        assert_eq!(refused(r#"{"promptFeedback":{"blockReason":"OTHER"}}"#).as_deref(), Some("OTHER"));
        let part = |kind| {
            format!(r#"{{"type":"response.completed","response":{{"output":[{{"content":[{{"type":"{kind}"}}]}}]}}}}"#)
        };
        assert_eq!(refused(&part("refusal")).as_deref(), Some(""));
        assert_eq!(refused(&part("output_text")), None);
    }
}
