using System;
using System.Collections.Generic;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Tests.Models;

/// <summary>A mediator of PCI functions whose every method is the test's.</summary>
internal sealed class PciOwner(PciMediator pci, PciMatch match, Fallback fallback = Fallback.Pass) : Mediator
{
    public override ReadOnlySpan<byte> Name => "owner"u8;

    public override Fallback Fallback => fallback;

    internal PciMediator Pci => pci;

    internal MediatorHost? Host { get; private set; }

    /// <summary>Base address registers it claims when it gets a function, each with its number as tag.</summary>
    internal int[] Bars { get; init; } = [];

    /// <summary>How it claims them.</summary>
    internal MemoryForm Form { get; init; }

    internal List<PciFunctionInfo> Notices { get; } = [];

    internal List<PciRequest> Requests { get; } = [];

    internal List<MemoryRequest> Memory { get; } = [];

    internal List<PortRequest> Ports { get; } = [];

    internal Func<PciRequest, (Verdict Verdict, uint Value)>? Configuration { get; set; }

    /// <summary>Called when the machine has woken.</summary>
    internal Action? Woken { get; set; }

    internal Action<PciFunctionInfo>? Noticed { get; set; }

    internal Func<MemoryRequest, (Verdict Verdict, ulong Value)>? Access { get; set; }

    public override void Attach(MediatorHost host)
    {
        Host = host;
        pci.ClaimFunctions(this, host, match, 77);
    }

    public override Verdict OnPciConfiguration(ref PciRequest request)
    {
        Requests.Add(request);
        (Verdict verdict, uint value) = Configuration?.Invoke(request) ?? (Verdict.Pass, request.Value);
        request.Value = value;
        return verdict;
    }

    public override void OnPciFunction(in PciFunctionInfo function)
    {
        Notices.Add(function);
        if (function.Notice == PciNotice.Found)
        {
            foreach (int bar in Bars)
            {
                pci.Function(function.Function).ClaimBar(Host!, bar, (uint)bar, Form);
            }
        }

        Noticed?.Invoke(function);
    }

    public override void Resume() => Woken?.Invoke();

    public override Verdict OnMemory(ref MemoryRequest request)
    {
        Memory.Add(request);
        (Verdict verdict, ulong value) = Access?.Invoke(request) ?? (Verdict.Pass, request.Value);
        request.Value = value;
        return verdict;
    }

    public override Verdict OnPort(ref PortRequest request)
    {
        Ports.Add(request);
        return Verdict.Pass;
    }
}
