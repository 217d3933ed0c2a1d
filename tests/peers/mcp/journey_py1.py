"""The way of a client through the board with the official Python client 1.x, which knows only the older era.

The argument and the report are those of `journey_py2.py`.
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack

import httpx
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

PATIENCE_S = 60


def connected(order):
    """The two streams of the connection."""
    if "command" in order:
        program, *arguments = order["command"]
        return stdio_client(StdioServerParameters(command=program, args=arguments))
    headers = {"Authorization": f"Bearer {order['token']}"}
    http = httpx.AsyncClient(headers=headers, timeout=PATIENCE_S)
    return streamable_http_client(order["url"], http_client=http)


def text_of(result):
    """The first text of a tool's result, which must be no error."""
    assert not result.isError, result
    return result.content[0].text


async def given_up(session, name):
    """Starts a task that never ends, gives the call up, and says what became of the task.

    This client has no word for giving up, so the notice is sent by hand, with the number its last request had.
    """
    from mcp.types import CancelledNotification, CancelledNotificationParams, ClientNotification

    begun = asyncio.Event()

    async def on_progress(progress, total, message):
        begun.set()

    order = {"task": f"Sleep for {name}", "name": name, "models": ["sleeper"], "cancel_on_disconnect": True}
    number = session._request_id
    call = asyncio.create_task(session.call_tool("orchestrate", order, progress_callback=on_progress))
    await asyncio.wait_for(begun.wait(), PATIENCE_S)
    params = CancelledNotificationParams(requestId=number, reason="given up")
    await session.send_notification(ClientNotification(CancelledNotification(params=params)))
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    for _ in range(PATIENCE_S):
        found = await session.call_tool("task_status", {"task": name, "wait_s": 1})
        if found.structuredContent["state"] == "cancelled":
            break
    return found.structuredContent["state"]


async def journey(order):
    """The whole way."""
    memory, updated, progress = order["memory"], asyncio.Queue(), []
    address = f"memory://{memory}"

    async def on_message(message):
        notice = getattr(message, "root", None)
        if getattr(notice, "method", "") == "notifications/resources/updated":
            updated.put_nowait(str(notice.params.uri))

    async def on_progress(done, total, message):
        progress.append(done)

    async with AsyncExitStack() as stack:
        read, write, *_ = await stack.enter_async_context(connected(order))
        session = await stack.enter_async_context(ClientSession(read, write, message_handler=on_message))
        opened = await session.initialize()
        tools = await session.list_tools()
        await session.call_tool("write_memory", {"memory_name": memory, "content": "first text"})
        await session.subscribe_resource(address)
        await session.call_tool("write_memory", {"memory_name": memory, "content": "second text"})
        told = await asyncio.wait_for(updated.get(), PATIENCE_S)
        found = text_of(await session.call_tool("read_memory", {"memory_name": memory}))
        listed = text_of(await session.call_tool("list_memories", {}))
        task = {"task": f"Review the design of {memory}", "models": ["first", "second"], "kind": "code-review"}
        decided = await session.call_tool("orchestrate", task, progress_callback=on_progress)
        return {
            "protocol": opened.protocolVersion,
            "tools": [tool.name for tool in tools.tools],
            "updated": told,
            "read": found,
            "listed": memory in listed,
            "decision": decided.structuredContent,
            "progress": progress,
            "given_up": await given_up(session, f"sleep-{memory}"),
        }


print(json.dumps(asyncio.run(asyncio.wait_for(journey(json.loads(sys.argv[1])), 2 * PATIENCE_S))))
