import numpy as np
import pytest
import torch
from helpers import toy
from torch import nn
from torch.nn import functional as F

from merlib.training import loop, splits
from merlib.training.loop import Settings, TrainingDiverged, fit

CLIPS = toy.clips(persons=5, per_person=4)
X = toy.inputs(CLIPS.y)
FOLD = splits.loso(CLIPS)[0]
SETTINGS = Settings(num_epochs=3, batch_size=5, lr=1e-2, precision="float32")


def run(build=toy.Net, X=X, settings=SETTINGS, fold=FOLD, seed=0, **options):
    return fit(build, X, CLIPS.y, fold, 3, settings, seed, **options)


def settings(**changes) -> Settings:
    return Settings(**{**vars(SETTINGS), **changes})


class Linear(nn.Module):
    """The simplest classifier, on 3 x 8 x 8 inputs."""

    def __init__(self, num_classes):
        super().__init__()
        self.layer = nn.Linear(192, num_classes)

    def forward(self, x):
        return self.layer(x.flatten(1))


def test_shapes_and_types():
    result = run()
    assert result.logits.shape == (3, 4, 3) and result.logits.dtype == np.float32
    assert result.train_loss.shape == (3,)
    assert isinstance(result.model, toy.Net) and not result.model.training


@pytest.mark.parametrize(
    "optimizer, reference", [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam), ("sgd", None)]
)
def test_every_epoch_equals_plain_gradient_steps(optimizer, reference):
    chosen = settings(optimizer=optimizer, batch_size=99, weight_decay=0.1, lr_decay=0.5, decay_until=1)
    result = run(Linear, settings=chosen)
    torch.manual_seed(0)
    model = Linear(3)
    make = reference or (lambda parameters, **options: torch.optim.SGD(parameters, momentum=0.9, **options))
    steps = make(model.parameters(), lr=1e-2, weight_decay=0.1)
    inputs, y = torch.tensor(X) / 255, torch.tensor(CLIPS.y)
    for epoch, lr in enumerate([1e-2, 5e-3, 5e-3]):
        steps.param_groups[0]["lr"] = lr
        loss = F.cross_entropy(model(inputs[FOLD.train]), y[FOLD.train])
        steps.zero_grad()
        loss.backward()
        steps.step()
        assert result.train_loss[epoch] == pytest.approx(loss.item(), rel=1e-5)
        assert result.logits[epoch] == pytest.approx(model(inputs[FOLD.test]).detach().numpy(), abs=1e-5)


def test_the_seed_alone_decides_and_the_callers_random_state_is_untouched():
    torch.manual_seed(123)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    first = run(prepare=toy.flip)
    assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == threads
    torch.rand(7)
    assert np.array_equal(first.logits, run(prepare=toy.flip).logits)
    assert not np.array_equal(first.logits, run(prepare=toy.flip, seed=1).logits)


def test_threads_of_the_caller_do_not_change_the_result():
    def logits(threads):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            return run().logits
        finally:
            torch.set_num_threads(before)

    assert np.array_equal(logits(1), logits(2))


def test_bf16_agrees_with_float32_to_its_precision():
    def build(num_classes):
        model = toy.Net(num_classes)
        model.features[3].p = 0.0  # dropout draws other numbers for other types
        return model

    full, low = (run(build, settings=settings(optimizer="sgd", precision=p)) for p in ("float32", "bf16"))
    assert not np.array_equal(full.logits, low.logits)
    # bfloat16 keeps 8 bits, a relative error of 0.4 % a rounding: 1 % of the largest logit after nine steps
    assert np.abs(full.logits - low.logits).max() < 0.01 * np.abs(full.logits).max()
    assert low.train_loss == pytest.approx(full.train_loss, rel=0.01)


def test_bf16_trains_to_the_same_answers():
    long = {"num_epochs": 30}
    full, low = run(settings=settings(**long)), run(settings=settings(precision="bf16", **long))
    assert np.array_equal(full.logits[-1].argmax(1), CLIPS.y[FOLD.test])
    assert np.array_equal(low.logits[-1].argmax(1), CLIPS.y[FOLD.test])
    assert low.logits.dtype == np.float32 and not np.array_equal(low.logits, low.logits.astype(np.float16))


class Watch(Linear):
    """Keeps the batches that it is trained on."""

    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.seen = []

    def forward(self, x):
        if self.training:
            self.seen.append(x[:, 0, 0, 0].int().tolist())
        return super().forward(x)


@pytest.mark.parametrize(
    "batch_size, sizes", [(5, [5, 5, 6]), (4, [4, 4, 4, 4]), (15, [16]), (6, [6, 6, 4]), (1, [1] * 16)]
)
def test_every_training_clip_is_seen_once_an_epoch_in_a_new_order(batch_size, sizes):
    numbered = np.zeros((20, 3, 8, 8), dtype=np.float32)
    numbered[:, 0, 0, 0] = np.arange(20)
    seen = run(Watch, numbered, settings(batch_size=batch_size)).model.seen
    assert [len(batch) for batch in seen] == sizes * 3
    epochs = np.split(np.concatenate(seen), 3)
    for epoch in epochs:
        assert sorted(epoch) == sorted(FOLD.train)
    assert epochs[0].tolist() != epochs[1].tolist() != epochs[2].tolist()


def test_a_last_batch_of_one_clip_does_not_break_batch_normalisation():
    class Net(nn.Sequential):
        def __init__(self, num_classes):
            super().__init__(nn.Flatten(), nn.BatchNorm1d(192), nn.Linear(192, num_classes))

    assert len(FOLD.train) % 5 == 1
    assert np.isfinite(run(Net).logits).all()


def test_dicts_reach_prepare_as_stored_and_models_may_take_and_give_several_tensors():
    class Two(nn.Module):
        def __init__(self, num_classes):
            super().__init__()
            self.layer = nn.Linear(192 + 2, num_classes)

        def forward(self, x, extra):
            return self.layer(torch.cat([x.flatten(1), extra], 1)), self.layer.weight.norm()

    kinds = set()

    def prepare(batch, generator, is_training):
        kinds.add((batch["image"].dtype, batch["extra"].dtype, is_training, len(batch["image"]) == len(batch["extra"])))
        return batch["image"] / 255, batch["extra"]

    def loss(output, y):
        logits, norm = output
        return F.cross_entropy(logits, y) + 100 * norm

    both = {"image": X, "extra": np.ones((20, 2), np.float32)}
    result = run(Two, both, prepare=prepare, loss=loss)
    assert kinds == {(torch.uint8, torch.float32, True, True), (torch.uint8, torch.float32, False, True)}
    assert result.train_loss[0] > 50 and result.logits.shape == (3, 4, 3)


def test_the_default_prepare_scales_bytes_and_keeps_the_order_of_a_dict():
    batch = {"b": torch.tensor([255], dtype=torch.uint8), "a": torch.tensor([3.0])}
    assert [tensor.item() for tensor in loop.as_float(batch, None, False)] == [1.0, 3.0]
    assert loop.as_float(batch["b"], None, True).item() == 1.0


def test_read_only_arrays_and_tensors_give_what_arrays_give(recwarn):
    frozen = X.copy()
    frozen.setflags(write=False)
    expected = run().logits
    assert np.array_equal(run(X=frozen).logits, expected)
    assert np.array_equal(run(X=torch.tensor(X)).logits, expected)
    assert not recwarn.list


def test_three_dimensional_convolutions_train_in_either_precision():
    class Net(nn.Sequential):
        def __init__(self, num_classes):
            super().__init__(nn.Conv3d(3, 4, 3), nn.Flatten(), nn.LazyLinear(num_classes))

    clips = np.repeat(X[:, :, None], 3, axis=2)  # (B, C, T, H, W)
    for precision in ("bf16", "float32"):
        assert run(Net, clips, settings(precision=precision)).logits.shape == (3, 4, 3)


def test_frozen_weights_stay():
    def build(num_classes):
        model = toy.Net(num_classes)
        model.features.requires_grad_(False)
        return model

    torch.manual_seed(0)
    before, after = toy.Net(3), run(build, settings=settings(weight_decay=0.5)).model
    assert torch.equal(before.features[0].weight, after.features[0].weight)
    assert not torch.equal(before.classifier.weight, after.classifier.weight)


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_loss_that_is_not_finite_names_fold_and_epoch(epoch):
    calls = iter(range(100))

    def loss(output, y):
        factor = np.nan if next(calls) // 3 == epoch - 1 else 1.0  # three batches an epoch
        return F.cross_entropy(output, y) * factor

    with pytest.raises(TrainingDiverged, match=f"fold smic/001, epoch {epoch}: the training loss is nan"):
        run(loss=loss)


def test_logits_that_overflow_are_reported():
    with pytest.raises(TrainingDiverged, match="4 of 4 test clips have no finite logits"):
        bright = {"prepare": lambda batch, generator, is_training: batch.float()}
        run(Linear, settings=settings(optimizer="sgd", lr=1e38, num_epochs=1, batch_size=99), **bright)


def test_learning_rates_by_epoch():
    exponential = settings(lr=8e-4, lr_decay=0.987, decay_until=50)  # MMNet
    assert [exponential.lr_at(e) for e in (1, 2, 51, 52, 74)] == pytest.approx(
        [8e-4, 8e-4 * 0.987, *[8e-4 * 0.987**50] * 3]
    )
    steps = settings(lr=1e-3, lr_decay=0.1, decay_every=10)  # Micro-Attention
    assert [steps.lr_at(e) for e in (1, 10, 11, 20, 21)] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5])


def test_the_learning_rate_agrees_with_torch():
    chosen = settings(lr=0.3, lr_decay=0.7)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.3)
    reference = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.7)
    for epoch in range(1, 8):
        assert chosen.lr_at(epoch) == pytest.approx(reference.get_last_lr()[0])
        optimizer.step()
        reference.step()


def test_settings_list_every_value_out_of_range():
    with pytest.raises(ValueError, match=r"num_epochs.*lr and lr_decay.*optimizer: one of adamw, adam, sgd.*precision"):
        settings(num_epochs=0, lr=0.0, optimizer="rmsprop", precision="fp8")
