"""Reading and writing of packets."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Array, import_or_skip, packets_of, decode_audio

import reelwright

SIZE = (48, 64)


def random_frames(count: int) -> Array:
    rows = np.arange(SIZE[0])[:, None] * 3
    columns = np.arange(SIZE[1])[None, :] * 2
    frames = [(rows + columns + 9 * index) % 256 for index in range(count)]
    return np.stack([np.stack([frame] * 3) for frame in frames]).astype(np.uint8)


def encoded(count: int = 10, **options: Any) -> tuple[list[reelwright.Packet], dict[str, Any]]:
    encoder = reelwright.PacketEncoder()
    encoder.add_video_stream(25, SIZE[1], SIZE[0], encoder="h264", **options)
    with encoder.open():
        encoder.write_video_chunk(0, random_frames(count))
    return list(encoder.packets()), encoder.stream_parameters(0)


def file_of(
    packets: Iterable[reelwright.Packet], parameters: dict[str, Any], format: str = "mp4"
) -> bytes:
    file = io.BytesIO()
    writer = reelwright.StreamingMediaEncoder(file, format=format)
    writer.add_packet_stream(**parameters)
    with writer.open():
        for packet in packets:
            writer.write_packet(
                0,
                packet.data,
                packet.pts,
                dts=packet.dts,
                duration=packet.duration,
                is_keyframe=packet.is_keyframe,
                trim=packet.trim,
            )
    return file.getvalue()


def test_copied_packets_equal_encoded_video() -> None:
    packets, parameters = encoded()
    assert [packet.pts for packet in packets] == list(range(10))
    assert packets[0].is_keyframe and packets[0].time_base == Fraction(1, 25)
    file = io.BytesIO()
    whole = reelwright.StreamingMediaEncoder(file, format="mp4")
    whole.add_video_stream(25, SIZE[1], SIZE[0], encoder="h264")
    with whole.open():
        whole.write_video_chunk(0, random_frames(10))
    assert file_of(packets, parameters) == file.getvalue()


@pytest.mark.parametrize("encoder", ["aac", "opus", "mp3", "pcm_s16le"])
def test_copied_packets_equal_encoded_audio(encoder: str) -> None:
    samples = (np.sin(np.arange(2 * 30000) * 0.05) * 9000).astype(np.int16).reshape(-1, 2)
    ours = reelwright.PacketEncoder()
    ours.add_audio_stream(48000, 2, format="s16", encoder=encoder)
    with ours.open():
        ours.write_audio_chunk(0, samples)
    format = "mov" if encoder == "pcm_s16le" else "mp4"
    file = io.BytesIO()
    whole = reelwright.StreamingMediaEncoder(file, format=format)
    whole.add_audio_stream(48000, 2, format="s16", encoder=encoder)
    with whole.open():
        whole.write_audio_chunk(0, samples)
    found = file_of(list(ours.packets()), ours.stream_parameters(0), format)
    assert found == file.getvalue()


@pytest.mark.parametrize("encoder", ["flac", "alac"])
def test_lossless_packets_stay_lossless(encoder: str, tmp_path: Path) -> None:
    samples = (np.sin(np.arange(2 * 30000) * 0.05) * 9000).astype(np.int16).reshape(-1, 2)
    ours = reelwright.PacketEncoder()
    ours.add_audio_stream(48000, 2, format="s16", encoder=encoder)
    with ours.open():
        ours.write_audio_chunk(0, samples)
    file = tmp_path / "a.mp4"
    file.write_bytes(file_of(ours.packets(), ours.stream_parameters(0)))
    heard = decode_audio(file, 2)
    np.testing.assert_array_equal(np.round(heard * 32768), samples)


def test_accepts_start_codes() -> None:
    encoder = reelwright.PacketEncoder()
    encoder.add_video_stream(25, SIZE[1], SIZE[0], encoder="h264")
    with encoder.open():
        encoder.write_video_chunk(0, random_frames(5))
        packets = list(encoder.packets())
        streams = [encoder.to_annex_b(packet) for packet in packets]
    packets += encoder.packets()
    file = io.BytesIO()
    writer = reelwright.StreamingMediaEncoder(file, format="mp4")
    parameters = encoder.stream_parameters(0)
    writer.add_packet_stream(**{**parameters, "extradata": streams[0]})
    with writer.open():
        for packet, stream in zip(packets, streams, strict=False):
            writer.write_packet(0, stream, packet.pts, duration=packet.duration)
    assert file.getvalue() == file_of(packets[: len(streams)], parameters)


def test_reordered_packets_keep_their_timestamps(tmp_path: Path) -> None:
    packets, parameters = encoded(7, encoder_option={"g": "1"})
    shown = [0, 3, 1, 2, 6, 4, 5]
    file = tmp_path / "a.mp4"
    writer = reelwright.StreamingMediaEncoder(file)
    writer.add_packet_stream(**parameters)
    with writer.open():
        for dts, pts in enumerate(shown):
            writer.write_packet(0, packets[pts].data, pts, dts=dts - 1, duration=1)
    found = packets_of(file)
    tick = 512
    assert [packet["pts"] for packet in found] == [pts * tick for pts in shown]
    assert [packet["dts"] for packet in found] == [(dts - 1) * tick for dts in range(7)]


def test_rejects_invalid_packets_and_parameters() -> None:
    packets, parameters = encoded(2)
    writer = reelwright.StreamingMediaEncoder(io.BytesIO(), format="mp4")
    with pytest.raises(reelwright.UnknownNameError, match="Unknown codec: h265"):
        writer.add_packet_stream("h265", (1, 25))
    with pytest.raises(reelwright.ArgumentError, match="width and height"):
        writer.add_packet_stream("h264", (1, 25))
    with pytest.raises(reelwright.InvalidDataError, match="avcC"):
        writer.add_packet_stream(**{**parameters, "extradata": b"nothing"})
    with pytest.raises(reelwright.ArgumentError, match="time_base"):
        writer.add_packet_stream(**{**parameters, "time_base": (0, 25)})
    with pytest.raises(reelwright.UnsupportedError, match="mp4 does not support vorbis"):
        setup = b"\x02\x07\x00" + b"\x01vorbis" + b"\x05vorbis"
        writer.add_packet_stream(
            "vorbis", (1, 48000), extradata=setup, sample_rate=48000, num_channels=1
        )
    writer.add_packet_stream(**parameters)
    with writer.open():
        with pytest.raises(reelwright.ChunkError, match="dts that is not after its pts"):
            writer.write_packet(0, packets[0].data, 0, dts=1)
        with pytest.raises(reelwright.ArgumentError, match="write_packet"):
            writer.write_video_chunk(0, random_frames(1))
        writer.write_packet(0, packets[0].data, 0)
    with pytest.raises(reelwright.StateError):
        reelwright.PacketEncoder().stream_parameters(0)
    audio_encoder = reelwright.PacketEncoder()
    audio_encoder.add_audio_stream(48000, 1, encoder="opus")
    with audio_encoder.open():
        audio_encoder.write_audio_chunk(0, np.zeros((4800, 1), np.float32))
        with pytest.raises(reelwright.UnsupportedError, match="must be h264"):
            audio_encoder.to_annex_b(next(audio_encoder.packets()))


def test_webrtc_peer_decodes_packets() -> None:
    """aiortc sends the packets to a peer, which decodes them with FFmpeg's decoder."""
    aiortc = import_or_skip("aiortc")
    av = import_or_skip("av")
    frames = random_frames(60)
    encoder = reelwright.PacketEncoder()
    encoder.add_video_stream(
        30, SIZE[1], SIZE[0], encoder="h264", encoder_option={"profile": "baseline", "g": "15"}
    )
    with encoder.open():
        encoder.write_video_chunk(0, frames)
        streams = [(encoder.to_annex_b(packet), packet.pts) for packet in encoder.packets()]
    assert len(streams) == len(frames)

    class Track(aiortc.MediaStreamTrack):  # type: ignore[misc, name-defined]
        kind = "video"

        def __init__(self) -> None:
            super().__init__()
            self.rest = iter(streams)

        async def recv(self) -> Any:
            await asyncio.sleep(1 / 60)
            try:
                data, pts = next(self.rest)
            except StopIteration:
                self.stop()
                raise aiortc.mediastreams.MediaStreamError from None
            packet = av.Packet(data)
            packet.pts, packet.time_base = pts * 3000, Fraction(1, 90000)
            return packet

    async def play() -> list[Array]:
        sender, receiver = aiortc.RTCPeerConnection(), aiortc.RTCPeerConnection()
        shown: list[Array] = []
        done = asyncio.Event()

        async def receive(track: Any) -> None:
            try:
                while len(shown) < 40:
                    frame = await track.recv()
                    shown.append(frame.to_ndarray(format="rgb24"))
            finally:
                done.set()

        receiver.on("track", receive)
        sender.addTrack(Track())
        codecs = aiortc.RTCRtpSender.getCapabilities("video").codecs
        h264 = [codec for codec in codecs if codec.mimeType == "video/H264"]
        sender.getTransceivers()[0].setCodecPreferences(h264)
        await sender.setLocalDescription(await sender.createOffer())
        await receiver.setRemoteDescription(sender.localDescription)
        await receiver.setLocalDescription(await receiver.createAnswer())
        await sender.setRemoteDescription(receiver.localDescription)
        try:
            await asyncio.wait_for(done.wait(), 30)
        finally:
            await sender.close()
            await receiver.close()
        return shown

    shown = asyncio.run(play())
    assert len(shown) >= 20
    originals = frames.transpose(0, 2, 3, 1).astype(float)
    for frame in shown:
        errors = ((originals - frame) ** 2).mean(axis=(1, 2, 3))
        assert errors.min() < 60, errors.min()
