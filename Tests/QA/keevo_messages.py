"""The Python classes of keevo.proto, made at test time, as a newcomer would make them in any language."""

import pathlib
import subprocess
import sys

PROTO = pathlib.Path(__file__).resolve().parents[2] / "Shared/KeevoClient/keevo.proto"


def make(out):
    """Messages and stubs in one name space; `out` is an empty folder."""
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO.parent}", f"--python_out={out}", f"--grpc_python_out={out}", PROTO.name],
        check=True, cwd=PROTO.parent)
    sys.path.insert(0, str(out))
    try:
        import keevo_pb2
        import keevo_pb2_grpc
    finally:
        sys.path.remove(str(out))

    class Names:
        KeevoStub = keevo_pb2_grpc.KeevoStub
        AdminStub = keevo_pb2_grpc.KeevoAdminStub

        def __getattr__(self, name):
            return getattr(keevo_pb2, name)

    return Names()
