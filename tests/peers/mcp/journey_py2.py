"""The way of a client through the board with the official Python client 2.x: list, write, watch, read, orchestrate, give up.

The only argument is a JSON document: `mode` (auto, legacy or a revision), `command` (a list) or `url` with `token`, and
`memory`, the name it writes to. What it saw is one JSON document on stdout; the test judges it.
"""

import asyncio
import json
import sys

import httpx2
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

PATIENCE_S = 60


def server_of(order):
    """What the client is connected to."""
    if "command" in order:
        program, *arguments = order["command"]
        return StdioServerParameters(command=program, args=arguments)
    headers = {"Authorization": f"Bearer {order['token']}"}
    http = httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S)
    return streamable_http_client(order["url"], http_client=http)


def text_of(result):
    """The first text of a tool's result, which must be no error."""
    assert not result.is_error, result
    return result.content[0].text


async def watched(client, memory, legacy, updated):
    """Writes to a memory that is watched, and says which address was told of."""
    address = f"memory://{memory}"
    write = {"memory_name": memory, "content": "second text"}
    if legacy:
        await client.subscribe_resource(address)
        await client.call_tool("write_memory", write)
        return await asyncio.wait_for(updated.get(), PATIENCE_S)
    async with client.listen(resource_subscriptions=[address]) as subscription:
        await client.call_tool("write_memory", write)
        async for event in subscription:
            return str(event.uri)


async def given_up(client, name):
    """Starts a task that never ends, gives the call up, and says what became of the task."""
    begun = asyncio.Event()

    async def on_progress(progress, total, message):
        begun.set()

    order = {"task": f"Sleep for {name}", "name": name, "models": ["sleeper"], "cancel_on_disconnect": True}
    call = asyncio.create_task(client.call_tool("orchestrate", order, progress_callback=on_progress))
    await asyncio.wait_for(begun.wait(), PATIENCE_S)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    for _ in range(PATIENCE_S):
        found = await client.call_tool("task_status", {"task": name, "wait_s": 1})
        if found.structured_content["state"] == "cancelled":
            break
    return found.structured_content["state"]


async def journey(order):
    """The whole way."""
    memory, updated, progress = order["memory"], asyncio.Queue(), []

    async def on_message(message):
        if getattr(message, "method", "") == "notifications/resources/updated":
            updated.put_nowait(str(message.params.uri))

    async def on_progress(done, total, message):
        progress.append(done)

    async with Client(server_of(order), mode=order["mode"], message_handler=on_message) as client:
        legacy = client.protocol_version < "2026"
        tools = await client.list_tools()
        await client.call_tool("write_memory", {"memory_name": memory, "content": "first text"})
        told = await watched(client, memory, legacy, updated)
        read = text_of(await client.call_tool("read_memory", {"memory_name": memory}))
        listed = text_of(await client.call_tool("list_memories", {}))
        task = {"task": f"Review the design of {memory}", "models": ["first", "second"], "kind": "code-review"}
        decided = await client.call_tool("orchestrate", task, progress_callback=on_progress)
        return {
            "protocol": client.protocol_version,
            "tools": [tool.name for tool in tools.tools],
            "updated": told,
            "read": read,
            "listed": memory in listed,
            "decision": decided.structured_content,
            "progress": progress,
            "given_up": await given_up(client, f"sleep-{memory}"),
        }


print(json.dumps(asyncio.run(asyncio.wait_for(journey(json.loads(sys.argv[1])), 2 * PATIENCE_S))))
