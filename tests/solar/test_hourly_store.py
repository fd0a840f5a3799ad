"""The store of hours: what is written is what is read, whole or not at all."""

import numpy as np
import pandas as pd
import pytest

from solar.engine import city_yield
from solar.hourly_store import FULL_SCALE, hourly_store, read_hours
from solar.system import system


def opened(path, run, typical):
    names = pd.Series([f"建筑{n}" for n in range(len(run.roofs))], index=run.roofs.index)
    return hourly_store(
        path,
        ids=names,
        capacity_kw=run.roofs["capacity_kw"],
        hours=pd.DatetimeIndex(typical.hours.index),
        limit_kw=system().ac_limit,
        note="合成示例数据",
    )


def test_hours_read_back_sum_to_the_yields(tmp_path, run, typical):
    path = tmp_path / "hours.parquet"
    with opened(path, run, typical) as store:
        city_yield(run.roofs, run.scene, [typical], keep_hours=store)
        assert not path.exists()
    power, told = read_hours(path)
    assert told["note"] == "合成示例数据"
    assert power.index.equals(typical.hours.index.tz_convert(power.index.tz))
    active = run.roofs["capacity_kw"] > 0
    assert sorted(power) == sorted(f"建筑{n}" for n in np.flatnonzero(active))
    wanted = dict(zip([f"建筑{n}" for n in range(len(active))], run.found.yields["yield_kwh"], strict=True))
    for name in power:
        assert power[name].sum() == pytest.approx(wanted[name], rel=1e-4)
    step = run.roofs["capacity_kw"].max() * system().ac_limit / FULL_SCALE
    assert abs(power.sum(axis=1) - run.found.profiles.sum(axis=1).to_numpy()).max() < step * active.sum()


def test_a_stopped_run_leaves_no_store(tmp_path, run, typical):
    path = tmp_path / "hours.parquet"

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), opened(path, run, typical) as store:
        city_yield(run.roofs, run.scene, [typical], keep_hours=store, progress=stop)
    assert list(tmp_path.iterdir()) == []
