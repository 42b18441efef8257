"""A gRPC server in front of the real one, over real sockets, that can spoil what passes through it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
from weaviate.proto.v1 import batch_delete_pb2, batch_pb2

# Method, message, metadata.
Request = tuple[str, bytes, list[tuple[str, str]]]


@dataclass
class Proxy:
    """`fail_objects` is how many chunks and pages of batches are still refused, every other one of each batch.

    `fail_batches` whole calls end in UNAVAILABLE; `hang` never answers; `deletes` more deletions are passed on,
    those after them end in INTERNAL; with `undeleted` each is answered with this, and nothing goes;
    `delay` is in seconds; `hide_notes` fails what asks for writers' notes.
    """

    target: str
    fail_objects: int = 0
    fail_batches: int = 0
    deletes: int | None = None
    undeleted: batch_delete_pb2.BatchDeleteReply | None = None
    hang: bool = False
    hide_notes: bool = False
    delay: float = 0.0
    failing: tuple[grpc.StatusCode, str] | None = None
    calls: Counter[str] = field(default_factory=Counter)
    requests: list[Request] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @asynccontextmanager
    async def repeating(self, name: str) -> AsyncIterator[None]:
        """Meanwhile, the server gets all former requests of this name again, as fast as it answers."""
        again = [each for each in self.requests if each[0].endswith(f"/{name}")]
        assert again
        repeating = asyncio.create_task(self._repeat(again))
        yield
        repeating.cancel()
        await asyncio.wait([repeating])

    async def _repeat(self, requests: Sequence[Request]) -> None:
        async with grpc.aio.insecure_channel(self.target) as channel:
            while True:
                for method, request, metadata in requests:
                    await channel.unary_unary(method)(request, metadata=metadata)

    async def handle(self, method: str, request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        name = method.rpartition("/")[2]
        self.calls[name] += 1
        self.requests.append((method, request, _kept(context)))
        if self.hang:
            await asyncio.sleep(3600)
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.failing is not None:
            await context.abort(*self.failing)
        if self.hide_notes and b"_notes" in request:
            await context.abort(grpc.StatusCode.INTERNAL, "spoilt")
        if name == "BatchObjects":
            return await self._batch(method, request, context)
        if name == "BatchDelete":
            return await self._delete(method, request, context)
        return await self._pass(method, request, context)

    async def _delete(self, method: str, request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        if self.undeleted is not None:
            return self.undeleted.SerializeToString()
        if self.deletes is not None:
            if not self.deletes:
                await context.abort(grpc.StatusCode.INTERNAL, "spoilt")
            self.deletes -= 1
        return await self._pass(method, request, context)

    async def _batch(self, method: str, request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        if self.fail_batches:
            self.fail_batches -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "spoilt")
        asked = batch_pb2.BatchObjectsRequest.FromString(request)
        pages = [n for n, each in enumerate(asked.objects) if not each.collection.endswith("_notes")]
        refused = pages[::2][: self.fail_objects]
        self.fail_objects -= len(refused)
        kept = [each for n, each in enumerate(asked.objects) if n not in refused]
        wanted = batch_pb2.BatchObjectsRequest(objects=kept, consistency_level=asked.consistency_level)
        await self._pass(method, wanted.SerializeToString(), context)
        errors = [batch_pb2.BatchObjectsReply.BatchError(index=n, error="spoilt") for n in refused]
        return batch_pb2.BatchObjectsReply(errors=errors).SerializeToString()

    async def _pass(self, method: str, request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        async with grpc.aio.insecure_channel(self.target) as channel:
            call = channel.unary_unary(method)
            try:
                return await call(request, metadata=_kept(context))
            except grpc.aio.AioRpcError as error:
                await context.abort(error.code(), error.details())
                raise


def _kept(context: grpc.aio.ServicerContext) -> list[tuple[str, str]]:
    return [(key, value) for key, value in context.invocation_metadata() if key == "authorization"]


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        async def handle(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
            return await self._proxy.handle(details.method, request, context)

        return grpc.unary_unary_rpc_method_handler(handle)


@asynccontextmanager
async def proxied(target: str) -> AsyncIterator[Proxy]:
    """On a free port of the loopback interface."""
    proxy = Proxy(target)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([_Handler(proxy)])
    proxy.port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield proxy
    await server.stop(None)
