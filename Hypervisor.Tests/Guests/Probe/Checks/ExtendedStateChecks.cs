using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>XSETBV with good and bad values (AMD APM vol 4, XSETBV; R-25), and CPUID leaf 0Dh following XCR0.</summary>
public static unsafe class ExtendedStateChecks
{
    private const ulong OsXSave = 1UL << 18;
    private const uint XSaveFeature = 1 << 26;
    private const uint ExtendedStateLeaf = 0xD;

    /// <summary>Runs all.</summary>
    public static void Run()
    {
        Set("xsetbv-without-osxsave"u8, 0, 1);
        CpuidResult features;
        Instructions.Cpuid(1, 0, &features);
        if ((features.Ecx & XSaveFeature) == 0)
        {
            Report.Line("xsetbv"u8, "the processor has none"u8);
            return;
        }

        ulong cr4 = Instructions.ReadCr4();
        Instructions.WriteCr4(cr4 | OsXSave);
        ulong before = Get();
        foreach (ulong value in (ReadOnlySpan<ulong>)
            [0, 1, 2, 3, 4, 5, 6, 7, 9, 0x1F, 0x21, 0xE7, 0x207, 1UL << 63, (1UL << 62) | 7, 3])
        {
            Set("xsetbv"u8, 0, value);
        }

        Set("xsetbv-index-1"u8, 1, 3);
        Set("xsetbv-index-high"u8, 0x8000_0000, 3);
        Instructions.TryWriteXcr(0, before);
        Instructions.WriteCr4(cr4);
    }

    /// <summary>XCR0.</summary>
    public static ulong Get()
    {
        RunContext* context = Runner.Prepare(SnippetName.Xgetbv);
        Runner.Run();
        return (context->Rdx << 32) | context->Rax;
    }

    private static void Set(ReadOnlySpan<byte> name, uint index, ulong value)
    {
        RunContext* context = Runner.Prepare(SnippetName.Xsetbv);
        context->Rcx = index;
        context->Rax = (uint)value;
        context->Rdx = value >> 32;
        Runner.UseSingleStep();
        Runner.Run();
        Report.Begin(name);
        Report.AppendField("value"u8, value);
        Report.AppendRun();
        CpuidResult size;
        Instructions.Cpuid(ExtendedStateLeaf, 0, &size);
        Report.AppendField("xcr0"u8, Get());
        Report.AppendField("size"u8, size.Ebx);
        Report.End();
    }
}
