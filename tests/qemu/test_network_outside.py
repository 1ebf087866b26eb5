# SPDX-License-Identifier: MIT
"""Linux guests that reach each other and the outside by TCP, over IPv4 and IPv6, through cards that do and do
not compute sums and cut segments themselves. Every frame on the cable is looked at afterwards."""
import pytest
from harness.netguests import SERVE, start_guests
from harness.outside import FRAME_MAX, TAP_HEADER, USER_NETWORK, Tap, peer, record, recorded

MIB = 4


@pytest.mark.parametrize("card", ["virtio", "virtio-legacy", "e1000"])
def test_net_outside(boot_shell, bench, tmp_path, card):
    """README's network: an address by DHCP from QEMU's user network, the outside, another guest. What leaves
    by the card is cut into frames, and all sums are right."""
    path = tmp_path / "record"
    with peer(MIB, ["127.0.0.1", "::1"]) as (outside, _):
        shell, (a, b) = start_guests(boot_shell, bench, options=(
            "--net", f"user,driver={card}", "--extra", record(path)))
        data = a.make_data(MIB)
        b.run(SERVE)
        packets = {}
        for version, address in USER_NETWORK.items():
            own, other = a.address(version), b.address(version)
            assert own != other
            sent, packets[version] = a.send(address, outside["take"])
            assert sent == data
            assert a.fetch(address, outside["give"]) == outside["md5"]
            assert a.send(other)[0] == data
        source = a.mac()
        shell.power_off()
    frames = recorded(path)
    assert max(frame.length for frame in frames) <= FRAME_MAX
    for version in USER_NETWORK:
        sent = [frame for frame in frames if frame.source == source and frame.version == version]
        assert not [frame.wrong for frame in sent if frame.wrong]
        assert sum(frame.payload for frame in sent) >= MIB << 20
        # The guest has sent long packets, and others have cut them.
        assert int(packets[version]) < len([frame for frame in sent if frame.payload]) / 2


@pytest.mark.skipif(not Tap.available(), reason="no tap devices in a name space of one's own here")
def test_net_offloads(boot_shell, bench, tmp_path):
    """A tap device takes and gives segments of TCP that are not cut, without sums."""
    path = tmp_path / "record"
    with peer(MIB, ["::"], Tap.HOLD) as (outside, process):
        tap = Tap(str(tmp_path), process)
        shell, (a,) = start_guests(boot_shell, bench, "a", prefix=tap.enter, options=(
            "--net", tap.mode(), "--extra", record(path)))
        a.set_addresses("10.7.0.2/24", "fd07::2/64")
        a.reach(*tap.ADDRESSES.values())
        data = a.make_data(MIB)
        for address in tap.ADDRESSES.values():
            assert a.send(address, outside["take"])[0] == data
            assert a.fetch(address, outside["give"]) == outside["md5"]
        source = a.mac()
        shell.power_off()
    frames = recorded(path, TAP_HEADER)
    for version in tap.ADDRESSES:
        long = [frame for frame in frames if frame.version == version and frame.length > FRAME_MAX]
        for mine in (True, False):
            way = [frame for frame in long if (frame.source == source) == mine]
            assert sum(frame.payload for frame in way) > (MIB << 20) / 2
            assert any(frame.wrong for frame in way)
