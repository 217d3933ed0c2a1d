//! Claude Code's own MCP server, with the scripted model server behind its `Agent` tool.

use super::bench::{Bench, until};
use crate::support::model_server::{ModelServer, On, Reply};
use crate::support::peers;
use synod::board::FailureClass;

/// A worker with one of its tools, in a home of its own. `None`, after a loud line, where it is not installed.
fn claude(tool: &str, server: &ModelServer) -> Option<(peers::ScratchHome, Bench)> {
    let program = peers::program("claude")?;
    let scratch = peers::scratch_home("claude", server);
    let names: Vec<&str> = scratch.env().iter().map(|(name, _)| name.as_str()).collect();
    let settings = format!(
        "provider = 'mcp'\ncommand = [{program:?}, 'mcp', 'serve']\ntool = '{tool}'\nenv = {names:?}\narguments = {{ description = 'synod' }}"
    );
    let more: Vec<(&str, &str)> = scratch.env().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let bench = Bench::new(&settings, &more);
    Some((scratch, bench))
}

#[tokio::test]
async fn its_agent_does_the_step() {
    let server = ModelServer::start();
    let Some((_scratch, mut bench)) = claude("Agent", &server) else { return };
    server.always(On::any(), Reply::text("the agent has looked"));
    let reply = bench.said("Look at the design.").await;
    assert!(reply.text.contains("the agent has looked"), "{}", reply.text);
    assert!(reply.model.starts_with("claude"), "{}", reply.model);
    let again = bench.said("Look once more.").await;
    assert!(again.text.contains("the agent has looked"), "{}", again.text);
    bench.end();
    until("nothing of it is left", || bench.processes() == 0).await;
}

#[tokio::test]
async fn a_tool_it_does_not_have_is_told_with_those_it_has() {
    let server = ModelServer::start();
    let Some((_scratch, bench)) = claude("Agents", &server) else { return };
    let failure = bench.failure("x").await;
    assert_eq!(failure.class, FailureClass::WorkerBlocked);
    assert!(failure.message.contains("did you mean `Agent`?"), "{failure:?}");
}
