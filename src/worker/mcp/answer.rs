//! How what a tool gave reads: its text, or why there is none and of which class that is. Pure.

use crate::board::FailureClass;
use crate::worker::cli::trouble::Trouble;
use rmcp::model::{CallToolResult, ContentBlock, ErrorCode, ResourceContents};
use rmcp::service::ServiceError;
use serde_json::Value;

/// What a call gave.
#[derive(Debug, PartialEq)]
pub(super) struct Given {
    /// The texts, joined.
    pub(super) text: String,
    /// The structured part, where it is a record.
    pub(super) structured: Option<Value>,
}

/// Words by which servers of all kinds say that the arguments were wrong, which no second try mends.
const WRONG_ARGUMENTS: [&str; 4] = ["validation error", "inputvalidationerror", "invalid arguments", "invalid params"];

/// Reads a result.
pub(super) fn read(result: CallToolResult) -> Result<Given, Trouble> {
    let structured = result.structured_content.filter(Value::is_object);
    let texts: Vec<String> = result.content.into_iter().filter_map(text_of).collect();
    let mut text = texts.join("\n");
    if result.is_error == Some(true) {
        return Err(refused_by_tool(&text));
    }
    if text.trim().is_empty() {
        // A tool may put everything into the record, although it should repeat it as text.
        text = structured.as_ref().map(|record| format!("{record:#}")).unwrap_or_default();
    }
    if text.trim().is_empty() {
        return Err(Trouble::transient("the tool gave no text"));
    }
    Ok(Given { text, structured })
}

fn text_of(block: ContentBlock) -> Option<String> {
    match block {
        ContentBlock::Text(text) => Some(text.text),
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The tool ran and says that it failed. Its words decide, as a program's words do.
fn refused_by_tool(text: &str) -> Trouble {
    let said = if text.trim().is_empty() { "the tool failed and did not say why" } else { text };
    let low = said.to_lowercase();
    if WRONG_ARGUMENTS.iter().any(|words| low.contains(words)) {
        return Trouble::refused(&format!("the tool does not take these arguments: {said}"));
    }
    Trouble::told(None, said)
}

/// A call that came to no result. `complaint` is the last that the server's program said, where it is one.
pub(super) fn failed(error: &ServiceError, complaint: Option<&str>) -> Trouble {
    let complaint = complaint.map(|said| format!(": {said}")).unwrap_or_default();
    match error {
        ServiceError::McpError(error) if error.code == ErrorCode::INVALID_PARAMS => {
            Trouble::refused(&format!("the server does not take these arguments: {}", error.message))
        }
        ServiceError::McpError(error) if error.code == ErrorCode::METHOD_NOT_FOUND => {
            Trouble::blocked(&format!("the server has no tools: {}", error.message))
        }
        ServiceError::McpError(error) => Trouble::told(None, &error.message),
        ServiceError::TransportClosed | ServiceError::TransportSend(_) => {
            Trouble::transient(&format!("the server ended in the middle of the call{complaint}"))
        }
        ServiceError::Cancelled { reason } => {
            let why = reason.as_deref().unwrap_or("it did not say why");
            Trouble::transient(&format!("the server cancelled the call: {why}"))
        }
        ServiceError::Timeout { .. } => Trouble::new(FailureClass::Timeout, "the tool had not answered in time"),
        error => Trouble::refused(&format!("the server answered in a way that is no answer: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmcp::ErrorData;
    use serde_json::json;

    fn result(value: Value) -> CallToolResult {
        serde_json::from_value(value).unwrap_or_default()
    }

    fn class(trouble: &Trouble) -> &'static str {
        trouble.class.as_str()
    }

    #[test]
    fn texts_are_joined_and_pictures_left_out() {
        let given = read(result(json!({ "content": [
            { "type": "text", "text": "one" },
            { "type": "image", "data": "AA==", "mimeType": "image/png" },
            { "type": "resource", "resource": { "uri": "x://y", "text": "two" } }
        ], "structuredContent": { "a": 1 } })));
        assert_eq!(given, Ok(Given { text: "one\ntwo".to_owned(), structured: Some(json!({ "a": 1 })) }));
        let record = read(result(json!({ "content": [], "structuredContent": { "a": 1 } })));
        assert!(record.is_ok_and(|given| given.text.contains("\"a\": 1")));
        let nothing = read(result(json!({ "content": [{ "type": "text", "text": " " }] })));
        assert!(nothing.is_err_and(|trouble| class(&trouble) == "transient"));
    }

    #[test]
    fn the_words_of_a_tool_that_failed_decide_what_is_done() {
        for (words, expected) in [
            ("InputValidationError: Agent failed: prompt is missing", "request_refused"),
            ("API Error: 401 invalid api key", "worker_blocked"),
            ("rate limit reached", "rate_limited"),
            ("prompt is too long", "request_refused"),
            ("the disk fell over", "transient"),
            ("", "transient"),
        ] {
            let read = read(result(json!({ "isError": true, "content": [{ "type": "text", "text": words }] })));
            assert!(read.is_err_and(|trouble| class(&trouble) == expected), "{words}");
        }
    }

    #[test]
    fn what_the_protocol_says_is_sorted_too() {
        let code = |error: ErrorData| failed(&ServiceError::McpError(error), None);
        assert_eq!(class(&code(ErrorData::invalid_params("x", None))), "request_refused");
        assert_eq!(class(&code(ErrorData::internal_error("boom", None))), "transient");
        let died = failed(&ServiceError::TransportClosed, Some("out of memory"));
        assert_eq!(class(&died), "transient");
        assert!(died.message.ends_with("in the middle of the call: out of memory"), "{}", died.message);
        assert_eq!(class(&failed(&ServiceError::UnexpectedResponse, None)), "request_refused");
    }
}
