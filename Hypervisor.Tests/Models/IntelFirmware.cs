using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Tests.Models;

/// <summary>What an Intel processor holds when the firmware starts the host: capabilities, MTRRs, segment registers of 64-bit mode.</summary>
internal static unsafe class IntelFirmware
{
    internal const ulong Cr4 = 0x668;
    internal const ushort CodeSelector = 0x38;
    internal const ushort DataSelector = 0x30;

    /// <summary>Types that a board with 39 bits, memory below 3 GiB and above 4 GiB begins with.</summary>
    internal static readonly MtrrSet Mtrrs = new(
        "board, 39 bits", 39, MtrrSet.Enabled | MtrrSet.FixedEnabled | MtrrSet.Wb, MtrrSet.UsualFixed(),
        [MtrrSet.Sized(0xC000_0000, 0x4000_0000, MtrrSet.Uc, 39), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)]);

    private const uint ExtendedStateLeaf = 0xD;
    private const uint ExtendedStates = 0x1F; // x87, SSE, AVX, MPX
    private const ulong CodeDescriptor = 0x00AF_9B00_0000_FFFF;
    private const ulong DataDescriptor = 0x00CF_9300_0000_FFFF;

    private static readonly uint[] MsrsWithoutCapability =
    [
        Msr.SysEnterEsp, Msr.SysEnterEip, Msr.FsBase, Msr.GsBase, Msr.BoundConfiguration, Msr.ExtendedSupervisorState, Msr.SupervisorCet,
        Msr.InterruptShadowStackTable, Msr.SupervisorProtectionKeys, Msr.LastBranchControl, Msr.TraceControl, Msr.IntelMicrocodeUpdate,
        Msr.MicrocodeRevision, Msr.SmmMonitorControl,
    ];

    /// <summary>Makes a processor one of the given kind.</summary>
    /// <param name="processor">The processor; it answers CPUID as the kind does already.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="table">Memory for a global descriptor table.</param>
    internal static void Prepare(SimulatedProcessor processor, ProcessorDump kind, ulong table)
    {
        kind.AddMsrs(processor);
        Mtrrs.AddTo(processor);
        processor.Msrs.Remove(Msr.VmCr);
        processor.Msrs.Remove(Msr.HostSavePhysicalAddress);
        foreach (uint msr in MsrsWithoutCapability)
        {
            processor.Msrs[msr] = 0;
        }

        processor.Cpuids.Set(ExtendedStateLeaf, 0, ExtendedStates, 0x440, 0x440, 0);
        processor.Cr4 = Cr4;
        ((ulong*)table)[CodeSelector / sizeof(ulong)] = CodeDescriptor;
        ((ulong*)table)[DataSelector / sizeof(ulong)] = DataDescriptor;
        processor.Gdtr = new DescriptorTableRegister { Base = table, Limit = CodeSelector + sizeof(ulong) - 1 };
        processor.Idtr = new DescriptorTableRegister { Base = 0x5000, Limit = 0xFFF };
        processor.Selectors[SegmentName.Cs] = CodeSelector;
        foreach (SegmentName segment in (ReadOnlySpan<SegmentName>)[SegmentName.Ss, SegmentName.Ds, SegmentName.Es, SegmentName.Fs, SegmentName.Gs])
        {
            processor.Selectors[segment] = DataSelector;
        }
    }
}
