"""`streamer devices`: the microphones and cameras of this machine."""

from typing import Annotated, Any

import typer


def devices(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List microphones and cameras."""
    from dataclasses import asdict

    from streamer.errors import DeviceError
    from streamer.sources.devices import list_cameras, list_microphones

    trouble = None
    microphones = []
    try:
        microphones = [asdict(microphone) for microphone in list_microphones()]
    except DeviceError as err:
        trouble = str(err)
    cameras = [asdict(camera) for camera in list_cameras()]
    if as_json:
        import msgspec

        found = {"microphones": microphones, "cameras": cameras, "trouble": trouble}
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    typer.echo("microphones (--mic NAME)")
    typer.echo("\n".join(_microphone(m) for m in microphones) or f"  {trouble or 'none'}")
    typer.echo("cameras (--camera INDEX)")
    typer.echo("\n".join(f"  {c['index']}  {c['name']} ({c['path']})" for c in cameras) or "  none")


def _microphone(microphone: dict[str, Any]) -> str:
    default = ", the default" if microphone["is_default"] else ""
    return f"  {microphone['name']} ({microphone['channels']} ch, {microphone['sample_rate_hz']} Hz{default})"
