using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.LocalApic;

/// <summary>
/// <c>lapic</c>: interrupt commands (M10). INIT and SIPI are delivered by the host itself, whose trap on the command register comes and goes with the starts of processors; this
/// mediator watches what passes there, and can keep processors from sending SMIs to each other, a way into system management mode past the <c>smi</c> mediator.
/// </summary>
/// <remarks>Intel SDM vol 3 §10.6.1; AMD APM vol 2 §16.5.</remarks>
public sealed class LocalApicMediator : Mediator
{
    private const int Modes = 8;

    private readonly uint[] _sent = new uint[Modes];
    private MediatorHost? _host;
    private CommandLog _log;
    private bool _refusesManagement;
    private uint _refused;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Name => "lapic"u8;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> OptionNames => "log, smi"u8;

    /// <inheritdoc/>
    public override Fallback Fallback => Fallback.Pass;

    /// <inheritdoc/>
    public override OptionResult SetOption(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("log"u8))
        {
            int choice = WordChoice.Find(value, "off, starts or special"u8);
            _log = (CommandLog)(choice < 0 ? 0 : choice);
            return choice < 0 ? OptionResult.Refused("off, starts or special"u8) : OptionResult.Taken;
        }

        if (key.SequenceEqual("smi"u8))
        {
            int choice = WordChoice.Find(value, "pass or deny"u8);
            _refusesManagement = choice == 1;
            return choice < 0 ? OptionResult.Refused("pass or deny"u8) : OptionResult.Taken;
        }

        return OptionResult.Unknown(OptionNames);
    }

    /// <inheritdoc/>
    public override void Attach(MediatorHost host)
    {
        _host = host;
        host.ClaimInterruptCommands(claim: true, forEver: _refusesManagement || _log == CommandLog.Special);
    }

    /// <inheritdoc/>
    public override Verdict OnInterruptCommand(in InterruptCommandRequest request)
    {
        InterruptCommand command = request.Command;
        _sent[(int)command.DeliveryMode]++;
        bool refused = _refusesManagement && command.DeliveryMode == InterruptDeliveryMode.SystemManagement;
        if (refused || IsLogged(command))
        {
            _host!.Log(refused ? LogLevel.Warning : LogLevel.Information).Text("processor "u8).Decimal(request.Processor).Text(" sends "u8)
                .Text(NameOf(command.DeliveryMode)).Text(", command "u8).Hex(command.Value).Text(refused ? ": refused"u8 : default).End();
        }

        _refused += refused ? 1u : 0;
        return refused ? Verdict.Deny : Verdict.Pass;
    }

    /// <inheritdoc/>
    public override ulong Statistic(int index, out ReadOnlySpan<byte> name)
    {
        name = index < Modes ? NameOf((InterruptDeliveryMode)index) : index == Modes ? "refused commands"u8 : default;
        return index < Modes ? _sent[index] : _refused;
    }

    private bool IsLogged(InterruptCommand command) => command.DeliveryMode switch
    {
        InterruptDeliveryMode.Init or InterruptDeliveryMode.Startup => _log != CommandLog.Off,
        InterruptDeliveryMode.SystemManagement or InterruptDeliveryMode.NonMaskable => _log == CommandLog.Special,
        _ => false,
    };

    private static ReadOnlySpan<byte> NameOf(InterruptDeliveryMode mode) => mode switch
    {
        InterruptDeliveryMode.Fixed => "fixed"u8,
        InterruptDeliveryMode.LowestPriority => "lowest priority"u8,
        InterruptDeliveryMode.SystemManagement => "SMI"u8,
        InterruptDeliveryMode.RemoteRead => "remote read"u8,
        InterruptDeliveryMode.NonMaskable => "NMI"u8,
        InterruptDeliveryMode.Init => "INIT"u8,
        InterruptDeliveryMode.Startup => "SIPI"u8,
        _ => "external"u8,
    };
}
