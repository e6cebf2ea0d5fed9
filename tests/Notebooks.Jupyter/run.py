"""Runs the notebooks in the real tool, as Jupyter does, and compares what each cell shows with what the file keeps.

    python3 tests/Notebooks.Jupyter/run.py TOOL FEED VERSION OUTPUT [NOTEBOOK...]

TOOL is the path of dotnet-interactive, FEED a folder with the packages of this repository in VERSION, and OUTPUT a folder for the notebooks
as they ran and for what a restore unpacks. Needs nbclient and jupyter_client (Debian: python3-nbclient).
"""
import json
import os
import re
import sys
import warnings
from pathlib import Path

tool, feed, version, output, *chosen = sys.argv[1:]
root = Path(__file__).resolve().parents[2]
output = Path(output).resolve()
folder = root / "examples" / "notebooks"

# Only for this process and its children: the kernel that Jupyter starts, and where a restore finds and unpacks packages.
spec = output / "jupyter" / "kernels" / ".net-csharp"
spec.mkdir(parents=True, exist_ok=True)
(spec / "kernel.json").write_text(json.dumps({
    "argv": ["sh", "-c", 'exec "$0" jupyter --default-kernel csharp "$1" >/dev/null 2>&1', str(Path(tool).resolve()), "{connection_file}"],
    "display_name": ".NET (C#)", "language": "C#",
}))
os.environ.update(
    JUPYTER_PATH=str(output / "jupyter"),
    NUGET_FALLBACK_PACKAGES=os.environ.get("NUGET_PACKAGES", str(Path.home() / ".nuget" / "packages")),
    NUGET_PACKAGES=str(output / "packages"),
    DOTNET_CLI_TELEMETRY_OPTOUT="1",
    DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT="1",
)

warnings.filterwarnings("ignore", message=".*missing an id field.*")
import nbformat  # noqa: E402  after the environment that jupyter_client reads
from nbclient import NotebookClient  # noqa: E402


def outline(cell):
    """What a cell shows, without the values: text as one thing, of HTML the numbers of its tables, images and curves."""
    shown = []
    for item in cell.outputs:
        if item.output_type == "stream":
            if item.name == "stdout" and shown[-1:] != ["text"]:  # the compiler's warnings come on the other
                shown.append("text")
            continue
        html = "".join(item.data.get("text/html") or item.data.get("text/plain") or "")
        shown.append(tuple(len(re.findall(tag, html)) for tag in ("<table", "<img", "<svg", "<i title=")))
    return shown


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


failed = False
for path in sorted(folder.glob("*.ipynb")):
    if chosen and path.stem not in chosen:
        continue
    kept, notebook = (nbformat.read(path, as_version=4) for _ in range(2))
    first = code(notebook)[0]
    first.source = f'#i "nuget:{Path(feed).resolve()}"\n' + re.sub(r'(#r "nuget: ResTok\.[A-Za-z.]+)"', rf'\1, {version}"', first.source)
    try:
        NotebookClient(notebook, kernel_name=".net-csharp", timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    except Exception as fault:  # a cell that failed, or the tool
        print(f"{path.stem}: {fault}")
        failed = True
    nbformat.write(notebook, output / path.name)
    for number, (then, now) in enumerate(list(zip(code(kept), code(notebook)))[1:], 2):  # the first tells of packages
        if outline(then) != outline(now):
            print(f"{path.stem}, code cell {number} shows {outline(now)} and keeps {outline(then)}.")
            failed = True
    print(f"{path.stem}: {sum(len(cell.outputs) for cell in code(notebook))} outputs of {len(code(notebook))} cells.", flush=True)
sys.exit(failed)
