"""Damaged files of the caches, of run folders and of look-alike data: healed and said so, or named with a remedy."""

import shutil

import pytest
from typer.testing import CliRunner

from faults import damage, toy_paper
from faults.checks import assert_helpful, assert_same_bits, hashes, kinds, named, snapshot, temporary
from merlib import cli, profiles

OFTEN = ("truncated", "zeroed", "one bit flipped")
TINY = {"subjects": 2, "clips": 4, "height": 48, "width": 48}


@pytest.mark.parametrize("kind", kinds(named(*damage.KINDS), fast=OFTEN))
@pytest.mark.parametrize("cache", kinds({"any": ""} | {cache: cache for cache in toy_paper.CACHES}, fast=["any"]))
def test_a_damaged_cache_heals(finished, clips, undisturbed, rng, cache, kind):
    cache = cache or rng.choice(list(toy_paper.CACHES))
    file = rng.choice(sorted((finished / ".cache" / cache).glob(toy_paper.CACHES[cache])))
    kind(file, rng)
    predictions, said = toy_paper.run_here(finished, clips)
    assert_same_bits(predictions, undisturbed.predictions)
    if kind in damage.SILENT:
        assert not said
    elif said or kind not in damage.HARMLESS:
        assert_helpful(said, file.name, accepts="again")
    again, said = toy_paper.run_here(finished, clips)
    assert_same_bits(again, undisturbed.predictions)
    assert not said and not temporary(finished)


@pytest.mark.parametrize("cache", toy_paper.CACHES)
def test_a_folder_in_the_place_of_a_cached_file_is_named_and_stays(finished, clips, cache):
    file = min((finished / ".cache" / cache).glob(toy_paper.CACHES[cache]))
    file.unlink()
    file.mkdir()
    (file / "mine.txt").touch()
    with pytest.raises(OSError) as raised:
        toy_paper.run_here(finished, clips)
    assert_helpful(str(raised.value), str(file), accepts="folder of that name.*move it away")
    assert (file / "mine.txt").exists()


BROKEN = {
    "empty": "", "garbage": "\x00\xff", "truncated": '{"notebook": "04_toy", "run', "a list": "[]", "an empty object": "{}",
    "null": "null", "a number": "7", "other keys": '{"a": 1}', "other types": '{"notebook": 4, "finished": null, "artifacts": 7}',
}  # fmt: skip


@pytest.fixture
def broken(finished, request):
    """A finished run beside one whose manifest is broken."""
    shutil.copytree(finished / "papermill_runs" / "smoke", finished / "papermill_runs" / "broken")
    manifest = finished / "papermill_runs" / "broken" / toy_paper.NOTEBOOK / "manifest.json"
    manifest.write_text(request.param, encoding="latin-1")
    return manifest


@pytest.mark.parametrize("broken", kinds(BROKEN, fast=["truncated", "null", "other types"]), indirect=True)
def test_a_broken_manifest_is_named_and_spoils_nothing_else(broken, call, clips, no_kernel):
    status = call("status")
    assert status.exit_code == 0
    assert "broken/04_toy" in status.output and "smoke/04_toy" not in status.output
    before = snapshot(broken.parent)
    run = call("run", "toy", "--profile", "smoke", "--data-root", clips, "--run", "broken")
    assert run.exit_code == 1 and snapshot(broken.parent) == before
    assert_helpful(run.output, str(broken), accepts="remove|--run")
    assert_helpful(call("gallery", "broken").output, str(broken), accepts="remove|again|finish")
    assert call("gallery", "smoke").exit_code == 0


RECORDED = ("artifacts.json", "predictions.parquet", "notebook.ipynb", "tables/scores.csv", "tables/scores.html")


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("kind", kinds(named(damage.emptied, damage.truncated, damage.removed), fast=["truncated"]))
def test_the_pages_of_a_run_with_a_damaged_file(finished, call, rng, name, kind):
    file = finished / "papermill_runs" / "smoke" / toy_paper.NOTEBOOK / name
    kind(file, rng)
    result = call("gallery", "smoke")
    if result.exit_code:
        assert_helpful(result.output, file.name, accepts="again|remove|run")


LOOK_ALIKE = ("*.jpg", "*.xlsx", "truth.csv", "SOURCE.txt")


@pytest.fixture(scope="session")
def look_alike(tmp_path_factory):
    """The folder of a tiny look-alike database, as the command draws it."""
    root = tmp_path_factory.mktemp("look_alike")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(profiles, "synth", lambda profile: {"casme2": TINY})
        CliRunner().invoke(cli.app, ["data", "synth", "casme2", "--data-root", str(root)])
    return root / "CASME2"


@pytest.mark.parametrize("name", kinds({name: name for name in LOOK_ALIKE}, fast=["*.jpg"]))
@pytest.mark.parametrize(
    "kind", kinds(named(damage.truncated, damage.removed, damage.one_bit_flipped), fast=["removed"])
)
def test_damaged_look_alike_data_is_drawn_again(project, call, look_alike, monkeypatch, rng, name, kind):
    monkeypatch.setattr(profiles, "synth", lambda profile: {"casme2": TINY})
    folder = project / "data" / "CASME2"
    shutil.copytree(look_alike, folder)
    file = rng.choice(sorted(folder.rglob(name)))
    whole = hashes(folder)
    kind(file, rng)
    result = call("data", "synth", "casme2", "--profile", "smoke")
    if name == "SOURCE.txt" and result.exit_code:  # without its note it may be somebody's real data: left as it is
        assert_helpful(result.output, str(folder), accepts="another data root")
    else:
        assert hashes(folder) == whole
        assert not temporary(project)
