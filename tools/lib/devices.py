# SPDX-License-Identifier: MIT
"""Disks and networks of a machine: what `--disk` and `--net` take, and QEMU's arguments for them."""
import os

from .errors import UserError

DISK_DRIVERS = ("virtio", "virtio-legacy", "ahci")
NET_DRIVERS = ("virtio", "virtio-legacy", "e1000", "e1000-82544gc", "e1000-82545em")
AHCI_PORTS = 6

# Which of virtio's two register layouts the device offers.
VIRTIO_LAYOUT = {"virtio": "disable-legacy=on,disable-modern=off",
                 "virtio-legacy": "disable-legacy=off,disable-modern=on"}

DISK_USAGE = ("FILE[,driver=virtio|virtio-legacy|ahci][,ro][,sector=512|4096][,format=FORMAT]"
              "[,drive=QEMU OPTION][,device=QEMU OPTION]")
NET_USAGE = (f"MODE[,driver={'|'.join(NET_DRIVERS)}][,mac=ADDRESS][,device=QEMU OPTION]"
             "[,QEMU NETDEV OPTION ...]")


def parse(text, known):
    """First word, the options in known as a dictionary of lists, and the other words."""
    first, *words = text.split(",")
    options, rest = {}, []
    for word in words:
        name, _, value = word.partition("=")
        if name in known:
            options.setdefault(name, []).append(value)
        else:
            rest.append(word)
    return first, options, rest


def one_of(options, name, choices):
    value = options.get(name, [choices[0]])[-1]
    if value not in choices:
        raise UserError(f"{name}={value}: there are {', '.join(choices)}")
    return value


class Disk:
    """One disk; the options drive= and device= go to QEMU's -drive and -device as they are."""

    def __init__(self, text):
        file, options, rest = parse(text, ("driver", "ro", "sector", "format", "drive", "device"))
        if not file or rest:
            raise UserError(f"--disk {text}: expected {DISK_USAGE}")
        # What is somewhere else, such as nbd+unix:///?socket=PATH, is for QEMU to find.
        is_url = "://" in file
        if not is_url and not os.path.exists(file):
            raise UserError(f"{file}: no such file")
        self.file = file if is_url else os.path.abspath(file)
        self.driver = one_of(options, "driver", DISK_DRIVERS)
        self.read_only = "ro" in options
        self.sector = int(one_of(options, "sector", ("512", "4096")))
        self.format = options.get("format", ["raw"])[-1]
        self.drive = options.get("drive", [])
        self.device = options.get("device", [])
        if self.driver == "ahci" and (self.read_only or self.sector != 512):
            raise UserError("QEMU's AHCI disks can be written and have sectors of 512 bytes")

    def arguments(self, number, ahci_port):
        name = f"disk{number}"
        drive = [f"if=none,id={name},file={self.file.replace(',', ',,')},format={self.format}"]
        if self.read_only:
            drive.append("readonly=on")
        if self.driver == "ahci":
            device = [f"ide-hd,drive={name},bus=ahci{ahci_port // AHCI_PORTS}."
                      f"{ahci_port % AHCI_PORTS}"]
        else:
            device = [f"virtio-blk-pci,drive={name},{VIRTIO_LAYOUT[self.driver]},"
                      f"logical_block_size={self.sector},physical_block_size={self.sector}"]
        return ["-drive", ",".join(drive + self.drive), "-device", ",".join(device + self.device)]


class Net:
    """One network card; MODE and the options that are not named here go to QEMU's -netdev."""

    def __init__(self, text):
        mode, options, rest = parse(text, ("driver", "mac", "device"))
        if not mode:
            raise UserError(f"--net {text}: expected {NET_USAGE}")
        self.netdev = ",".join([mode, *rest])
        self.driver = one_of(options, "driver", NET_DRIVERS)
        self.mac = options.get("mac", [""])[-1]
        self.device = options.get("device", [])

    def arguments(self, number):
        name = f"net{number}"
        mode, _, rest = self.netdev.partition(",")
        model = (f"virtio-net-pci,{VIRTIO_LAYOUT[self.driver]}" if self.driver in VIRTIO_LAYOUT
                 else self.driver)
        device = [model, f"netdev={name}"]
        if self.mac:
            device.append(f"mac={self.mac}")
        return ["-netdev", ",".join([mode, f"id={name}", *([rest] if rest else [])]),
                "-device", ",".join(device + self.device)]


def qemu_arguments(disks, nets):
    """QEMU's arguments for Disk and Net objects, or for texts as a person types them."""
    disks = [disk if isinstance(disk, Disk) else Disk(disk) for disk in disks]
    nets = [net if isinstance(net, Net) else Net(net) for net in nets]
    arguments, ahci_ports = [], 0
    for number, disk in enumerate(disks):
        if disk.driver == "ahci":
            if ahci_ports % AHCI_PORTS == 0:
                arguments += ["-device", f"ich9-ahci,id=ahci{ahci_ports // AHCI_PORTS}"]
            ahci_ports += 1
        arguments += disk.arguments(number, ahci_ports - 1)
    for number, net in enumerate(nets):
        arguments += net.arguments(number)
    return arguments
