using System.Collections.Generic;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>Registers of a port, and what its link does (AHCI 1.3.1 §3.3, §5.2).</summary>
internal sealed partial class AhciPort(AhciController controller)
{
    private const uint NoSignature = uint.MaxValue;
    private const AtaStatus NoDevice = (AtaStatus)0x7F;
    private const uint Established = 0x123; // device there, generation 2, active
    private const uint DetectionMask = 0xF;
    private const uint CommunicationReset = 1;
    private const uint Offline = 4;
    private const uint SataControlMask = 0xFFF;
    private const uint SataErrorMask = 0x07FF_0F03;
    private const uint PhyReadyChanged = 1 << 16;
    private const uint UnknownFisSeen = 1 << 25;
    private const uint Exchanged = 1 << 26;

    private readonly Queue<ResponseFis> _incoming = new();
    private ulong _listBase;
    private ulong _fisBase;
    private PortInterrupts _interrupts;
    private PortInterrupts _enabled;
    private PortCommands _command = PortCommands.SpinUp | PortCommands.PowerOn;
    private AtaStatus _status = NoDevice;
    private AtaError _error;
    private uint _signature = NoSignature;
    private uint _sataStatus;
    private uint _sataControl;
    private uint _sataError;
    private uint _active;
    private uint _issued;
    private int _stopping;
    private int _deafening;
    private bool _isOverriding;
    private bool _isLinkComing;

    /// <summary>What is plugged in.</summary>
    internal SataDevice? Device { get; private set; }

    internal bool HasInterrupt => (AllInterrupts & _enabled) != 0;

    /// <summary>Commands that are neither finished nor given up.</summary>
    internal uint Busy => _issued | _active;

    private PortInterrupts AllInterrupts => _interrupts
        | ((_sataError & Exchanged) != 0 ? PortInterrupts.ConnectChange : 0)
        | ((_sataError & PhyReadyChanged) != 0 ? PortInterrupts.PhyReadyChange : 0)
        | ((_sataError & UnknownFisSeen) != 0 ? PortInterrupts.UnknownFis : 0);

    private bool IsRunning => (_command & (PortCommands.Start | PortCommands.ListRunning)) == (PortCommands.Start | PortCommands.ListRunning);

    private bool IsReceiving => (_command & PortCommands.FisReceive) != 0;

    private bool IsLinkUp => (_sataStatus & DetectionMask) == 3;

    /// <summary>Plugs a device in; the link comes up a step later.</summary>
    internal void Plug(SataDevice device)
    {
        Device = device;
        device.Reset();
        _isLinkComing = (_sataControl & DetectionMask) == 0;
    }

    /// <summary>Plugs the device out: what was under way never ends.</summary>
    internal void Unplug()
    {
        Device = null;
        DropLink();
        controller.UpdateInterrupt();
    }

    /// <summary>A device is there since before the machine was switched on, and the firmware has left the port idle.</summary>
    internal void PlugAtPowerOn(SataDevice device)
    {
        Plug(device);
        ComeUp();
        _sataError = 0;
    }

    /// <summary>Registers that tell where it stands.</summary>
    public override string ToString() =>
        $"CMD {_command}, TFD {(uint)_error:X2}{(uint)_status:X2}, CI {_issued:X8}, SACT {_active:X8}, IS {AllInterrupts}, CLB {_listBase:X}{(_isHalted ? ", halted" : "")}";

    internal void Reset()
    {
        _interrupts = PortInterrupts.None;
        _enabled = PortInterrupts.None;
        _command = PortCommands.SpinUp | PortCommands.PowerOn;
        _sataControl = 0;
        _stopping = 0;
        _deafening = 0;
        _isOverriding = false;
        StopCommands();
        Device?.Reset();
        DropLink();
        _sataError = 0;
        _isLinkComing = Device != null;
    }

    internal void ForgetAddresses()
    {
        _listBase = 0;
        _fisBase = 0;
    }

    internal uint Get(PortRegister register) => register switch
    {
        PortRegister.CommandListBase => (uint)_listBase,
        PortRegister.CommandListBaseUpper => (uint)(_listBase >> 32),
        PortRegister.FisBase => (uint)_fisBase,
        PortRegister.FisBaseUpper => (uint)(_fisBase >> 32),
        PortRegister.InterruptStatus => (uint)AllInterrupts,
        PortRegister.InterruptEnable => (uint)_enabled,
        PortRegister.Command => (uint)_command | (_isOverriding ? (uint)PortCommands.CommandListOverride : 0),
        PortRegister.TaskFile => ((uint)_error << 8) | (uint)_status,
        PortRegister.Signature => _signature,
        PortRegister.SataStatus => _sataStatus,
        PortRegister.SataControl => _sataControl,
        PortRegister.SataError => _sataError,
        PortRegister.SataActive => _active,
        PortRegister.CommandIssue => _issued,
        _ => 0,
    };

    internal void Put(PortRegister register, uint value, uint mask)
    {
        uint ones = value & mask;
        switch (register)
        {
            case PortRegister.CommandListBase:
                _listBase = Merge(_listBase, value, mask & ~0x3FFu, 0);
                break;
            case PortRegister.CommandListBaseUpper when controller.Options.Has64Bits:
                _listBase = Merge(_listBase, value, mask, 32);
                break;
            case PortRegister.FisBase:
                _fisBase = Merge(_fisBase, value, mask & ~0xFFu, 0);
                break;
            case PortRegister.FisBaseUpper when controller.Options.Has64Bits:
                _fisBase = Merge(_fisBase, value, mask, 32);
                break;
            case PortRegister.InterruptStatus:
                _interrupts &= ~(PortInterrupts)ones;
                break;
            case PortRegister.InterruptEnable:
                _enabled = (PortInterrupts)(((uint)_enabled & ~mask) | ones) & PortInterrupts.All;
                break;
            case PortRegister.Command:
                PutCommand((PortCommands)value, (PortCommands)mask);
                break;
            case PortRegister.SataControl:
                PutSataControl(((_sataControl & ~mask) | ones) & SataControlMask);
                break;
            case PortRegister.SataError:
                _sataError &= ~(ones & SataErrorMask);
                break;
            case PortRegister.SataActive when IsStartSet:
                _active |= ones;
                break;
            case PortRegister.CommandIssue when IsStartSet || controller.Options.KeepsIssueWhileStopped:
                _issued |= ones & (uint.MaxValue >> (32 - controller.Options.Slots));
                break;
            default:
                break;
        }
    }

    private bool IsStartSet => (_command & PortCommands.Start) != 0;

    private static ulong Merge(ulong old, uint value, uint mask, int shift) => (old & ~((ulong)mask << shift)) | ((ulong)(value & mask) << shift);

    /// <summary>AHCI 1.3.1 §3.3.7, §10.3.</summary>
    private void PutCommand(PortCommands value, PortCommands mask)
    {
        PortCommands before = _command;
        PortCommands writable = PortCommands.Writable | (controller.Options.HasMultipliers ? PortCommands.MultiplierAttached : 0);
        PortCommands changed = mask & writable;
        _command = (_command & ~changed) | (value & changed);
        _isOverriding |= (value & mask & PortCommands.CommandListOverride) != 0;
        if ((before & ~_command & PortCommands.Start) != 0)
        {
            StopCommands();
            _stopping = controller.Options.StopSteps;
        }
        else if ((~before & _command & PortCommands.Start) != 0)
        {
            _stopping = 0;
            _command |= PortCommands.ListRunning;
        }

        if ((before & ~_command & PortCommands.FisReceive) != 0)
        {
            _deafening = controller.Options.StopSteps;
        }
        else if ((~before & _command & PortCommands.FisReceive) != 0)
        {
            _deafening = 0;
            _command |= PortCommands.FisReceiveRunning;
        }
    }

    /// <summary>PxSCTL.DET: 1 resets the link, 4 takes it down, 0 lets it come up (AHCI 1.3.1 §3.3.11, §10.4.2).</summary>
    private void PutSataControl(uint value)
    {
        uint before = _sataControl & DetectionMask;
        _sataControl = value;
        uint now = value & DetectionMask;
        if (now is CommunicationReset or Offline && before != now)
        {
            Device?.Reset();
            AbandonTransfer();
            DropLink();
            _sataStatus = now == Offline ? Offline : 0;
        }
        else if (now == 0 && before is CommunicationReset or Offline)
        {
            _isLinkComing = Device != null;
        }
    }

    private void DropLink()
    {
        _sataError |= IsLinkUp ? PhyReadyChanged : 0;
        _sataStatus = 0;
        _status = NoDevice;
        _error = AtaError.None;
        _signature = NoSignature;
        _incoming.Clear();
        _isLinkComing = false;
        AbandonTransfer();
    }

    private void ComeUp()
    {
        _isLinkComing = false;
        _sataStatus = Established;
        _sataError |= Exchanged;
        _status = AtaStatus.Busy;
        _signature = NoSignature;
        _incoming.Enqueue(Device!.Signature());
    }
}
