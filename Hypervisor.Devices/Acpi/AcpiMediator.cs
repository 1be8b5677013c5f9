using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Acpi.Aml;

namespace Hypervisor.Devices.Acpi;

/// <summary>
/// <c>acpi</c>: stands where the machine is put to sleep, switched off and reset, and tells the others before it happens (M20 to M24).
/// <c>sleep = deny</c> takes S2 and S3 away: from the tables, and from the registers. It also keeps the host's serial port on (M25) and
/// hides the tables of the IOMMU where told to (M26).
/// </summary>
public sealed class AcpiMediator : Mediator
{
    private const ushort ResetControl = 0xCF9;
    private const uint ResetCpu = 1 << 2; // RST_CPU: reset when it goes from 0 to 1
    private const ushort KeyboardCommand = 0x64;
    private const uint PulseReset = 0xF0; // pulse output port: the reset line is bit 0, low in the command
    private const uint PulseMask = 0xF1;

    private const uint ChattyRefusals = 8;

    private readonly ushort[] _ports = new ushort[(int)Claim.ResetRegister];
    private readonly WakingVectors _waking = new();
    private MediatorHost? _host;
    private SleepControl _control;
    private byte _resetValue;
    private bool _denies;
    private bool _hidesIommu;
    private uint _entered;
    private uint _refused;
    private uint _resets;
    private uint _unknown;

    private enum Claim : uint
    {
        Pm1a = SleepRegister.Pm1a,
        Pm1b = SleepRegister.Pm1b,
        SleepControl = SleepRegister.SleepControl,
        ResetRegister,
        ResetControl,
        KeyboardCommand,
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Name => "acpi"u8;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> OptionNames => "sleep, iommu"u8;

    /// <summary>
    /// A refusal of sleep must hold even where this has failed: the host would be lost. Resets and power-off are refused then, too.
    /// </summary>
    public override Fallback Fallback => _denies ? Fallback.Deny : Fallback.Pass;

    private static ReadOnlySpan<byte> SleepWords => "allow or deny"u8;

    private static ReadOnlySpan<byte> IommuWords => "show or hide"u8;

    /// <inheritdoc/>
    public override OptionResult SetOption(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("sleep"u8))
        {
            int choice = WordChoice.Find(value, SleepWords);
            _denies = choice == 1;
            return choice < 0 ? OptionResult.Refused(SleepWords) : OptionResult.Taken;
        }

        if (key.SequenceEqual("iommu"u8))
        {
            int choice = WordChoice.Find(value, IommuWords);
            _hidesIommu = choice == 1;
            return choice < 0 ? OptionResult.Refused(IommuWords) : OptionResult.Taken;
        }

        return OptionResult.Unknown(OptionNames);
    }

    /// <inheritdoc/>
    public override bool Probe(MediatorHost host)
    {
        _host = host;
        return AcpiAccess.Fadt(host).IsValid;
    }

    /// <inheritdoc/>
    public override void Attach(MediatorHost host)
    {
        _host = host;
        ReadTables(host);
        Fadt fadt = AcpiAccess.Fadt(host);
        ClaimSleepRegister(host, SleepRegister.Pm1a, fadt.Pm1aControl, fadt.Pm1ControlLength);
        ClaimSleepRegister(host, SleepRegister.Pm1b, fadt.Pm1bControl, fadt.Pm1ControlLength);
        ClaimSleepRegister(host, SleepRegister.SleepControl, fadt.SleepControl, sizeof(byte));
        ClaimReset(host, fadt);
        _waking.Locate(fadt);
    }

    /// <summary>Firmware may change tables up to here, and some add tables at the last moment: all is read once more.</summary>
    public override void ExitBootServices()
    {
        if (_host != null)
        {
            ReadTables(_host);
        }
    }

    /// <summary>Awake again, or still: the firmware's vectors are the operating system's.</summary>
    public override void Resume()
    {
        if (_host != null)
        {
            _waking.Restore(_host);
        }
    }

    /// <inheritdoc/>
    public override Verdict OnPort(ref PortRequest request)
    {
        if (!request.IsWrite || _host == null)
        {
            return Verdict.Pass;
        }

        int offset = request.Tag < _ports.Length ? request.Port - _ports[(int)request.Tag] : 0;
        return OnWrite(_host, (Claim)request.Tag, offset, request.Size, request.Value);
    }

    /// <inheritdoc/>
    public override Verdict OnMemory(ref MemoryRequest request) => request.IsWrite && _host != null
        ? OnWrite(_host, (Claim)request.Tag, (int)request.Offset, request.Size, request.Value)
        : Verdict.Pass;

    /// <inheritdoc/>
    public override ulong Statistic(int index, out ReadOnlySpan<byte> name)
    {
        switch (index)
        {
            case 0:
                name = "sleeps"u8;
                return _entered;
            case 1:
                name = "refused"u8;
                return _refused;
            case 2:
                name = "resets"u8;
                return _resets;
            case 3:
                name = "unknown types"u8;
                return _unknown;
            default:
                name = default;
                return 0;
        }
    }

    private static bool IsReset(Claim claim, uint value, byte resetValue) => claim switch
    {
        Claim.ResetRegister => (byte)value == resetValue,
        Claim.ResetControl => (value & ResetCpu) != 0,
        Claim.KeyboardCommand => (value & PulseMask) == PulseReset,
        _ => false,
    };

    private Verdict OnWrite(MediatorHost host, Claim claim, int offset, int size, ulong value)
    {
        if (claim < Claim.ResetRegister)
        {
            SleepRequest request = _control.Decode((SleepRegister)claim, offset, size, value);
            return request.Enters ? Enter(host, request) : Verdict.Pass;
        }

        if (IsReset(claim, (uint)value, _resetValue))
        {
            _resets++;
            host.AnnounceSleep(SleepState.Reset);
        }

        return Verdict.Pass;
    }

    private Verdict Enter(MediatorHost host, SleepRequest request)
    {
        if (_denies && IsForbidden(request.States))
        {
            return Refuse(host, request, "refused"u8);
        }

        SleepState state = Meant(request.States);
        if (state == 0)
        {
            Explain(host, request, "passes: no table names it"u8, _unknown++);
            return Verdict.Pass;
        }

        if (state == SleepState.S3)
        {
            switch (_waking.Read(host, out StartPoint point))
            {
                case WakingPlace.Usable when host.TrySetWakingPoint(point, out uint vector):
                    _waking.Divert(host, vector);
                    break;
                case WakingPlace.None:
                    Explain(host, request, "passes: there is no vector to wake at"u8, _entered);
                    break;
                default:
                    return Refuse(host, request, "refused: the host cannot be woken"u8);
            }
        }

        _entered++;
        host.AnnounceSleep(state);
        return Verdict.Pass;
    }

    private Verdict Refuse(MediatorHost host, SleepRequest request, ReadOnlySpan<byte> why)
    {
        Explain(host, request, why, _refused++);
        return Verdict.Deny;
    }

    /// <summary>
    /// Under a refusal only what is known to be harmless passes: chipsets have S3 even where the firmware does not name it. Where the
    /// tables do not even tell how to switch
    /// the machine off, only what may be S2 or S3 is refused.
    /// </summary>
    private bool IsForbidden(SleepStates states) => (states & SleepStates.LosesHost) != 0 || (states == SleepStates.None && _control.KnowsOff);

    /// <summary>
    /// Of several states of one type the one that takes most care. S2 is like S3 here: processors begin anew in both, at the waking vector
    /// (ACPI 6.5 §16.1.2). 0 for none.
    /// </summary>
    private static SleepState Meant(SleepStates states)
    {
        if ((states & SleepStates.LosesHost) != 0)
        {
            return SleepState.S3;
        }

        return (states & SleepStates.S4) != 0 ? SleepState.S4
            : (states & SleepStates.S5) != 0 ? SleepState.S5
            : (states & SleepStates.S1) != 0 ? SleepState.S1
            : 0;
    }

    /// <summary>A guest that tries again and again does not fill the log.</summary>
    private static void Explain(MediatorHost host, SleepRequest request, ReadOnlySpan<byte> outcome, uint before)
    {
        if (before < ChattyRefusals)
        {
            host.Log(LogLevel.Warning).Text("sleep type "u8).Decimal(request.Type).Text(" "u8).Text(outcome).End();
        }
    }

    private void ReadTables(MediatorHost host)
    {
        ByteCodeTables<HostTableMemory> tables = new(AcpiAccess.Finder(host));
        AmlScanner scanner = new(Workspace(host));
        tables.Read(ref scanner);
        _control = _control.Learn(scanner.SleepTypes);
        if (scanner.Problems != AmlProblems.None)
        {
            host.Log(LogLevel.Warning).Text("tables read with problems "u8).Hex((uint)scanner.Problems).End();
        }

        LogTypes(host, scanner.SleepTypes);
        int renamed = _denies ? TableEdits.Rename(tables, ref scanner, SleepStates.LosesHost) : 0;
        int filled = host.SerialPort != 0 ? TableEdits.KeepSerialPortOn(tables, ref scanner, host.SerialPort) : 0;
        int hidden = _hidesIommu ? HideIommu(host) : 0;
        host.Log(LogLevel.Information).Text("names "u8).Decimal((uint)scanner.NameCount).Text(", sleep states renamed "u8).Decimal((uint)renamed)
            .Text(", serial ports kept on "u8).Decimal((uint)filled).Text(", tables hidden "u8).Decimal((uint)hidden).End();
    }

    /// <summary>One line: <c>S3 5/4? S5 7/7</c>, with a question mark where there may be other values.</summary>
    private static void LogTypes(MediatorHost host, SleepTypes types)
    {
        LogLine line = host.Log(LogLevel.Information).Text("sleep types"u8);
        for (int state = 1; state < SleepTypes.States; state++)
        {
            SleepCandidates candidates = types[state];
            line = candidates.IsPresent ? line.Text(" S"u8).Decimal((ulong)state) : line;
            for (int i = 0; i < candidates.Count; i++)
            {
                line = line.Text(i == 0 ? " "u8 : " or "u8).Decimal(candidates.TypeA(i)).Text("/"u8).Decimal(candidates.TypeB(i));
            }

            line = candidates.IsOpen ? line.Text("?"u8) : line;
        }

        line.End();
    }

    private static int HideIommu(MediatorHost host)
    {
        // Both lists, where there are two: they need not name the same copy.
        return HideIommu(AcpiAccess.Finder(host)) + HideIommu(AcpiAccess.Finder(host, isNarrow: true));
    }

    private static int HideIommu(TableFinder<HostTableMemory> finder)
    {
        int hidden = 0;
        while (hidden < TableList.MostEntries && (TableEdits.Hide(finder.Find("DMAR"u8)) || TableEdits.Hide(finder.Find("IVRS"u8))))
        {
            hidden++;
        }

        return hidden;
    }

    private static AmlWorkspace Workspace(MediatorHost host)
    {
        int used = 0;
        return new AmlWorkspace
        {
            Frames = host.Scratch<AmlFrame>(ref used, AmlWorkspace.UsualDepth),
            SleepDefinitions = host.Scratch<SleepDefinition>(ref used, AmlWorkspace.UsualFindings),
            SerialDevices = host.Scratch<SerialDevice>(ref used, AmlWorkspace.UsualFindings),
            DisableMethods = host.Scratch<DisableMethod>(ref used, AmlWorkspace.UsualFindings),
            Names = host.Scratch<AmlNode>(ref used, int.MaxValue),
        };
    }

    private void ClaimSleepRegister(MediatorHost host, SleepRegister register, GenericAddress place, int length)
    {
        if (!place.IsUsable)
        {
            return;
        }

        ulong last = place.Address + (ulong)length - 1;
        bool done = false;
        if (!place.IsPort)
        {
            done = host.ClaimMemory(place.Address, last, (uint)register, new MemoryForm { WritesOnly = true, IsStrict = _denies });
        }
        else if (last <= ushort.MaxValue)
        {
            _ports[(int)register] = (ushort)place.Address;
            done = host.ClaimPorts((ushort)place.Address, (ushort)last, (uint)register);
        }

        if (!done)
        {
            host.Log(LogLevel.Warning).Text("a sleep register cannot be claimed"u8).End();
        }
    }

    /// <summary>
    /// Three ways to reset are seen. A reset register at the SMI command port is not: what is written there is the guest's own to execute,
    /// and nobody else's to look at here.
    /// </summary>
    private void ClaimReset(MediatorHost host, Fadt fadt)
    {
        GenericAddress register = fadt.ResetRegister;
        _resetValue = fadt.ResetValue;
        host.ClaimPorts(ResetControl, ResetControl, (uint)Claim.ResetControl, wholeOnly: true);
        host.ClaimPorts(KeyboardCommand, KeyboardCommand, (uint)Claim.KeyboardCommand, wholeOnly: true);
        if (register.IsPort)
        {
            ushort port = (ushort)register.Address;
            bool isSeen = port is ResetControl or KeyboardCommand || port == fadt.SmiCommand;
            _ = isSeen || host.ClaimPorts(port, port, (uint)Claim.ResetRegister, wholeOnly: true);
        }
        else if (register.IsUsable)
        {
            host.ClaimMemory(register.Address, register.Address, (uint)Claim.ResetRegister, new MemoryForm { WritesOnly = true });
        }
    }
}
