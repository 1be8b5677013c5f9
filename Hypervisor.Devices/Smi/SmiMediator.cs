using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Acpi;

namespace Hypervisor.Devices.Smi;

/// <summary>
/// <c>smi</c>: the SMI command port (M30 to M32). What is written there enters system management mode, whose code reads and writes the registers of the processor that wrote:
/// the guest makes the write itself, with the door open for that one instruction. The policy decides by the value.
/// </summary>
/// <remarks>ACPI 6.5 §5.2.9, SMI_CMD; Intel ICH9 datasheet §9.7.1, APM_CNT and APM_STS.</remarks>
public sealed class SmiMediator : Mediator
{
    private const uint LoggedLines = 64;
    private const int ByteBits = 8;

    private readonly SmiCommands _commands = new();
    private MediatorHost? _host;
    private SmiPolicy _policy;
    private ushort _port;
    private uint _passed;
    private uint _refused;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Name => "smi"u8;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> OptionNames => "others, allow"u8;

    /// <inheritdoc/>
    public override Fallback Fallback => _policy == SmiPolicy.Deny ? Fallback.Deny : Fallback.Pass;

    /// <inheritdoc/>
    public override OptionResult SetOption(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("others"u8))
        {
            int choice = WordChoice.Find(value, "pass, log or deny"u8);
            _policy = (SmiPolicy)(choice < 0 ? 0 : choice);
            return choice < 0 ? OptionResult.Refused("pass, log or deny"u8) : OptionResult.Taken;
        }

        return key.SequenceEqual("allow"u8) ? Allow(value) : OptionResult.Unknown(OptionNames);
    }

    /// <inheritdoc/>
    public override bool Probe(MediatorHost host)
    {
        Fadt fadt = AcpiAccess.Fadt(host);
        _port = fadt.IsValid ? fadt.SmiCommand : (ushort)0;
        if (_port == 0)
        {
            return false; // hardware-reduced, or without legacy mode (§5.2.9)
        }

        _commands.AllowUnlessZero(fadt.AcpiEnable);
        _commands.AllowUnlessZero(fadt.AcpiDisable);
        _commands.AllowUnlessZero(fadt.S4BiosRequest);
        _commands.AllowUnlessZero(fadt.PStateControl);
        _commands.AllowUnlessZero(fadt.CStateControl);
        if (fadt.ResetRegister.IsPort && fadt.ResetRegister.Address == _port)
        {
            _commands.Allow(fadt.ResetValue); // two machines of five are reset this way
        }

        return true;
    }

    /// <inheritdoc/>
    public override void Attach(MediatorHost host)
    {
        _host = host;

        // The status port behind it takes the second byte of wider writes; alone it does nothing.
        host.ClaimPorts(_port, (ushort)(_port + 1));
        host.Log(LogLevel.Information).Text("command port "u8).Hex(_port).End();
    }

    /// <inheritdoc/>
    public override Verdict OnPort(ref PortRequest request)
    {
        if (!request.IsWrite || request.Port != _port)
        {
            return Verdict.Pass;
        }

        byte command = (byte)request.Value;
        if (_commands.IsAllowed(command) || _policy == SmiPolicy.Pass)
        {
            _passed++;
            return Leave(in request);
        }

        bool denied = _policy == SmiPolicy.Deny;
        if (_passed + _refused < LoggedLines || _refused % LoggedLines == 0)
        {
            _host!.Log(LogLevel.Warning).Text("command "u8).Hex(command).Text(denied ? " refused"u8 : " passed"u8)
                .Text(", processor "u8).Decimal(request.Processor).End();
        }

        _refused += denied ? 1u : 0;
        _passed += denied ? 0 : 1u;
        return denied ? Verdict.Deny : Leave(in request);
    }

    /// <inheritdoc/>
    public override ulong Statistic(int index, out ReadOnlySpan<byte> name)
    {
        name = index switch
        {
            0 => "commands passed"u8,
            1 => "commands refused"u8,
            _ => default,
        };
        return index == 0 ? _passed : _refused;
    }

    /// <summary>
    /// The guest writes by itself, but for OUTS while a policy is set: its data lie in memory, where another processor could change them before the guest reads them again.
    /// </summary>
    private Verdict Leave(in PortRequest request) => request.IsString && _policy == SmiPolicy.Deny ? Verdict.Deny : Verdict.Guest;

    /// <summary>Takes a list of values with commas between them.</summary>
    private OptionResult Allow(ReadOnlySpan<byte> list)
    {
        ReadOnlySpan<byte> accepted = "numbers from 0 to 0xFF with commas between them"u8;
        while (true)
        {
            int comma = list.IndexOf((byte)',');
            ReadOnlySpan<byte> problem = NumberValue.Read(AsciiText.Trim(comma < 0 ? list : list.Slice(0, comma)), 0, (1 << ByteBits) - 1, out ulong value);
            if (problem.Length != 0)
            {
                return OptionResult.Wrong(problem, accepted);
            }

            _commands.Allow((byte)value);
            if (comma < 0)
            {
                return OptionResult.Taken;
            }

            list = list.Slice(comma + 1);
        }
    }
}
