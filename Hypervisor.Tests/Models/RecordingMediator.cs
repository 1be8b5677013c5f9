using System;
using System.Collections.Generic;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Tests.Models;

/// <summary>A mediator whose every method is the test's: what it claims, what it answers.</summary>
internal sealed class RecordingMediator : Mediator
{
    private readonly byte[] _name;
    private readonly Fallback _fallback;

    internal RecordingMediator(string name = "recording", Fallback fallback = Fallback.Pass)
    {
        _name = System.Text.Encoding.ASCII.GetBytes(name);
        _fallback = fallback;
    }

    public override ReadOnlySpan<byte> Name => _name;

    public override Fallback Fallback => _fallback;

    public override uint OwnMemory => WantedMemory;

    internal uint WantedMemory { get; init; }

    internal List<string> Life { get; } = [];

    internal List<PortRequest> Ports { get; } = [];

    internal List<MemoryRequest> Memory { get; } = [];

    internal Action<MediatorHost>? Claims { get; set; }

    internal Func<PortRequest, (Verdict Verdict, uint Value)>? Port { get; set; }

    internal Func<MemoryRequest, (Verdict Verdict, ulong Value)>? Access { get; set; }

    internal Func<MsrRequest, (Verdict Verdict, ulong Value)>? Msr { get; set; }

    internal Func<CpuidRequest, CpuidRequest>? Cpuid { get; set; }

    internal Func<InterruptCommandRequest, Verdict>? Command { get; set; }

    /// <summary>The method that shall fail; it reads beyond the end of an array.</summary>
    internal string? FailsIn { get; set; }

    internal MediatorHost? Host { get; private set; }

    public override bool Probe(MediatorHost host)
    {
        Host = host;
        return Live(nameof(Probe));
    }

    public override void Attach(MediatorHost host)
    {
        Claims?.Invoke(host);
        Live(nameof(Attach));
    }

    public override void ExitBootServices() => Live(nameof(ExitBootServices));

    public override void ProcessorStarted(uint processor) => Live($"{nameof(ProcessorStarted)} {processor}");

    public override void Sleep(SleepState state) => Live($"{nameof(Sleep)} {state}");

    public override void Resume() => Live(nameof(Resume));

    public override void Detach() => Live(nameof(Detach));

    public override Verdict OnPort(ref PortRequest request)
    {
        Ports.Add(request);
        FailIf(nameof(OnPort));
        (Verdict verdict, uint value) = Port?.Invoke(request) ?? (Verdict.Pass, request.Value);
        request.Value = value;
        return verdict;
    }

    public override Verdict OnMemory(ref MemoryRequest request)
    {
        Memory.Add(request);
        FailIf(nameof(OnMemory));
        (Verdict verdict, ulong value) = Access?.Invoke(request) ?? (Verdict.Pass, request.Value);
        request.Value = value;
        return verdict;
    }

    public override Verdict OnMsr(ref MsrRequest request)
    {
        FailIf(nameof(OnMsr));
        (Verdict verdict, ulong value) = Msr?.Invoke(request) ?? (Verdict.Pass, request.Value);
        request.Value = value;
        return verdict;
    }

    public override void OnCpuid(ref CpuidRequest request)
    {
        FailIf(nameof(OnCpuid));
        request = Cpuid?.Invoke(request) ?? request;
    }

    public override Verdict OnInterruptCommand(in InterruptCommandRequest request)
    {
        FailIf(nameof(OnInterruptCommand));
        return Command?.Invoke(request) ?? Verdict.Pass;
    }

    private bool Live(string step)
    {
        Life.Add(step);
        FailIf(step.Split(' ')[0]);
        return true;
    }

    private void FailIf(string method)
    {
        if (FailsIn == method)
        {
            _ = _name[_name.Length + Life.Count];
        }
    }
}
