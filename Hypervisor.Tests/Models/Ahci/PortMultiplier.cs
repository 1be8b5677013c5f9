using System;
using System.Collections.Generic;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>A port multiplier (SATA 3.0 §16): disks behind a port, told apart by the frames' port field, and a control port of its own.</summary>
internal sealed class PortMultiplier(params SataDevice[] devices) : SataDevice
{
    internal const int ControlPort = 15;

    internal override IEnumerable<SataDevice> All => devices;

    /// <summary>Another disk is plugged in at a port.</summary>
    internal void Plug(int port, SataDevice device)
    {
        device.MultiplierPort = port;
        device.Reset();
        devices[port] = device;
    }

    internal override SataDevice? At(int multiplierPort) => multiplierPort == ControlPort ? this : multiplierPort < devices.Length ? devices[multiplierPort] : null;

    internal override ResponseFis Signature() => ResponseFis.Register(AtaStatus.Idle, (AtaError)1, 0x96_6901, 1, interrupts: false, ControlPort, isSignature: true);

    /// <summary>READ PORT MULTIPLIER and WRITE PORT MULTIPLIER, whose codes are those of the buffer commands.</summary>
    internal override DeviceCommand Begin(CommandFis fis, ReadOnlySpan<byte> packet)
    {
        bool isKnown = fis.Command is AtaCommand.ReadBuffer or AtaCommand.WriteBuffer;
        if (isKnown)
        {
            Executed.Add(fis.Command);
        }

        return isKnown ? new DeviceCommand(fis) : DeviceCommand.Aborted(fis);
    }

    internal override void Reset()
    {
        base.Reset();
        MultiplierPort = ControlPort;
        for (int i = 0; i < devices.Length; i++)
        {
            Plug(i, devices[i]);
        }
    }
}
