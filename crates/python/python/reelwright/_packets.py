"""Encoders that return packets instead of writing a container."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ._encoder import StreamingMediaEncoder

__all__ = ["Packet", "PacketEncoder"]


@dataclass(frozen=True, slots=True)
class Packet:
    """A coded video frame, or coded audio. Times are in units of ``time_base`` seconds."""

    #: Index of the stream.
    stream: int
    #: Coded bytes in the form of MP4. H.264 NAL units have 4-byte lengths.
    data: bytes
    #: Presentation timestamp. Content before 0 is decoded and not presented.
    pts: int
    #: Decoding timestamp.
    dts: int
    #: Duration; 0 for a video frame that is shown until the next one.
    duration: int
    #: Unit of the times, in seconds.
    time_base: Fraction
    #: True if decoding can start here.
    is_keyframe: bool
    #: Numbers of samples that decoders drop from the start and from the end.
    trim: tuple[int, int]

    def __bytes__(self) -> bytes:
        return self.data


class PacketEncoder(StreamingMediaEncoder):
    """Encode streams into packets, for WebRTC, a database or a custom container.

    Streams are added and written as with :class:`StreamingMediaEncoder`. The encoder of each stream
    must be named, because there is no container that has a default.

    >>> import numpy as np
    >>> from reelwright import PacketEncoder
    >>> encoder = PacketEncoder()
    >>> encoder.add_video_stream(frame_rate=30, width=64, height=48, encoder="h264")
    0
    >>> with encoder.open():
    ...     for _ in range(3):
    ...         encoder.write_video_chunk(0, np.zeros((1, 3, 48, 64), np.uint8))
    ...         for packet in encoder.packets():
    ...             print(packet.pts, packet.is_keyframe)
    0 True
    1 False
    2 False
    """

    def __init__(self) -> None:
        self._name = "packets"
        self._start_packets()

    def packets(self) -> Iterator[Packet]:
        """Return the packets since the last call, in the order of their dts.

        Encoders delay packets (see ``max_delay`` of each). After ``close``, all are available.
        """
        units = [Fraction(*stream["time_base"]) for stream in self._packet_streams()]
        for stream, pts, dts, duration, is_keyframe, trim, data in self._packets():
            yield Packet(stream, data, pts, dts, duration, units[stream], is_keyframe, trim)

    def stream_parameters(self, i: int) -> dict[str, Any]:
        """Return the arguments of :meth:`StreamingMediaEncoder.add_packet_stream` for a stream.

        They are final after ``close``. Before, FLAC's number of samples and MD5 are unknown.

        Raises:
            StateError: The encoder is not open.
            IndexError: The stream does not exist.
        """
        streams = self._packet_streams()
        if not streams:
            self.flush()
        return streams[i]

    def to_annex_b(self, packet: Packet) -> bytes:
        """Convert a packet of H.264 to start codes (ITU-T H.264 annex B), for WebRTC and MPEG-TS.

        Inserts the parameter sets before each keyframe.

        Raises:
            UnsupportedError: The packet is of another codec.
        """
        return self._byte_stream(packet.stream, packet.data, packet.is_keyframe)
