"""Packets without a container: encoders whose packets come back."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ._encoder import StreamingMediaEncoder

__all__ = ["Packet", "PacketEncoder"]


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded frame, or some samples. Times are in units of ``time_base`` seconds."""

    #: Index of the stream.
    stream: int
    #: The coded bytes, in the form that MP4 has: of H.264 NAL units after their lengths in 4 bytes.
    data: bytes
    #: When it is heard or shown. What comes before 0 is decoded and not presented.
    pts: int
    #: When it is decoded.
    dts: int
    #: How long it lasts; 0 for a picture that lasts until the next one.
    duration: int
    #: The unit of the times.
    time_base: Fraction
    #: Whether decoding can start here.
    is_keyframe: bool
    #: Samples that decoders drop from the start and from the end.
    trim: tuple[int, int]

    def __bytes__(self) -> bytes:
        return self.data


class PacketEncoder(StreamingMediaEncoder):
    """Encode streams into packets, for WebRTC, a database or a container of your own.

    Streams are added and written as with :class:`StreamingMediaEncoder`. Name the encoder of each:
    there is no container to choose it.

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
        """The packets that are there since the last call, in the order of their dts.

        Encoders hold some back (see ``max_delay`` of each); after ``close`` all are there.
        """
        units = [Fraction(*stream["time_base"]) for stream in self._packet_streams()]
        for stream, pts, dts, duration, is_keyframe, trim, data in self._packets():
            yield Packet(stream, data, pts, dts, duration, units[stream], is_keyframe, trim)

    def stream_parameters(self, i: int) -> dict[str, Any]:
        """The parameters of a stream, as :meth:`StreamingMediaEncoder.add_packet_stream` takes them.

        Final once the encoder is closed; before, FLAC's total and MD5 are not known.

        Raises:
            StateError: The encoder is not open.
            IndexError: There is no such stream.
        """
        streams = self._packet_streams()
        if not streams:
            self.flush()
        return streams[i]

    def to_annex_b(self, packet: Packet) -> bytes:
        """A packet of H.264 with start codes (ITU-T H.264 annex B), as WebRTC and MPEG-TS carry it.

        Parameter sets come before each keyframe.

        Raises:
            UnsupportedError: The packet is of another codec.
        """
        return self._byte_stream(packet.stream, packet.data, packet.is_keyframe)
