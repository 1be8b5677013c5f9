using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.SelfTest;

/// <summary>
/// <c>selftest</c>: proves on the machine at hand that a defect in a mediator stays in it (M5). It does nothing unless told to fail: <c>selftest.fail = attach</c>. The port
/// it claims is the diagnostic port 80h, where a write does nothing but wait.
/// </summary>
public sealed class SelfTestMediator : Mediator
{
    private const ushort DiagnosticPort = 0x80;
    private const int Never = -1;

    private readonly byte[] _table = new byte[4];
    private int _failIn = Never;
    private Fallback _fallback = Fallback.Pass;
    private uint _seen;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Name => "selftest"u8;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> OptionNames => "fail, fallback"u8;

    /// <inheritdoc/>
    public override Fallback Fallback => _fallback;

    private static ReadOnlySpan<byte> Phases => "never, probe, attach, exit-boot-services, processor-start, sleep, resume, detach or port"u8;

    /// <inheritdoc/>
    public override OptionResult SetOption(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("fail"u8))
        {
            int choice = WordChoice.Find(value, Phases);
            _failIn = choice - 1;
            return choice < 0 ? OptionResult.Refused(Phases) : OptionResult.Taken;
        }

        if (key.SequenceEqual("fallback"u8))
        {
            int choice = WordChoice.Find(value, "pass or deny"u8);
            _fallback = choice == 1 ? Fallback.Deny : Fallback.Pass;
            return choice < 0 ? OptionResult.Refused("pass or deny"u8) : OptionResult.Taken;
        }

        return OptionResult.Unknown(OptionNames);
    }

    /// <inheritdoc/>
    public override bool Probe(MediatorHost host)
    {
        FailIn(MediatorDoor.Probe);
        return _failIn != Never;
    }

    /// <inheritdoc/>
    public override void Attach(MediatorHost host)
    {
        host.ClaimPorts(DiagnosticPort, DiagnosticPort);
        host.Log(LogLevel.Warning).Text("this mediator is going to fail, as the configuration asks"u8).End();
        FailIn(MediatorDoor.Attach);
    }

    /// <inheritdoc/>
    public override void ExitBootServices() => FailIn(MediatorDoor.ExitBootServices);

    /// <inheritdoc/>
    public override void ProcessorStarted(uint processor) => FailIn(MediatorDoor.ProcessorStart);

    /// <inheritdoc/>
    public override void Sleep(SleepState state) => FailIn(MediatorDoor.Sleep);

    /// <inheritdoc/>
    public override void Resume() => FailIn(MediatorDoor.Resume);

    /// <inheritdoc/>
    public override void Detach() => FailIn(MediatorDoor.Detach);

    /// <inheritdoc/>
    public override Verdict OnPort(ref PortRequest request)
    {
        _seen++;
        FailIn(MediatorDoor.Port);
        return Verdict.Pass;
    }

    /// <inheritdoc/>
    public override ulong Statistic(int index, out ReadOnlySpan<byte> name)
    {
        name = index == 0 ? "seen"u8 : default;
        return _seen;
    }

    /// <summary>Reads beyond the end of a table, as a defect would.</summary>
    private void FailIn(MediatorDoor door)
    {
        if (_failIn == (int)door)
        {
            _seen += _table[_table.Length + (int)(_seen & 1)];
        }
    }
}
