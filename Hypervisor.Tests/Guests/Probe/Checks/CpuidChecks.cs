using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>What CPUID says, and CPUID in every dress and place.</summary>
public static unsafe class CpuidChecks
{
    private const uint ExtendedBase = 0x8000_0000;
    private const uint HypervisorBase = 0x4000_0000;
    private const uint MostSubleaves = 64;
    private const uint MostLeaves = 0x40;
    private const uint ExtendedStateLeaf = 0xD;
    private const uint CacheLeaf = 4;
    private const uint TopologyLeaf = 0xB;
    private const uint AmdCacheLeaf = 0x8000_001D;
    private const int OsXSaveBit = 18;
    private const int LeafOsXSaveBit = 27;

    /// <summary>Runs all.</summary>
    public static void Run()
    {
        OsXSaveFollowsCr4();
        Range("cpuid"u8, 0);
        Range("cpuid"u8, HypervisorBase);
        Range("cpuid"u8, ExtendedBase);
        Beyond();
        Dress();
    }

    private static void OsXSaveFollowsCr4()
    {
        ulong cr4 = Instructions.ReadCr4();
        Report.Begin("cpuid-osxsave-follows-cr4"u8);
        foreach (bool set in (ReadOnlySpan<bool>)[false, true, false])
        {
            Instructions.WriteCr4(set ? cr4 | (1UL << OsXSaveBit) : cr4 & ~(1UL << OsXSaveBit));
            CpuidResult result;
            Instructions.Cpuid(1, 0, &result);
            Report.AppendField("osxsave"u8, (result.Ecx >> LeafOsXSaveBit) & 1);
        }

        Instructions.WriteCr4(cr4);
        Report.End();
    }

    /// <summary>One line for each leaf of a range.</summary>
    private static void Range(ReadOnlySpan<byte> name, uint first)
    {
        CpuidResult result;
        Instructions.Cpuid(first, 0, &result);
        uint last = Math.Min(Math.Max(result.Eax, first), first + MostLeaves);
        for (uint leaf = first; leaf <= last; leaf++)
        {
            uint subleaves = SubleavesOf(leaf);
            for (uint subleaf = 0; subleaf < subleaves; subleaf++)
            {
                Instructions.Cpuid(leaf, subleaf, &result);
                CpuidMask.Apply(leaf, &result);
                if (subleaf == 0 || (result.Eax | result.Ebx | result.Ecx | result.Edx) != 0)
                {
                    Leaf(name, leaf, subleaf, result);
                }
            }
        }
    }

    private static uint SubleavesOf(uint leaf)
    {
        switch (leaf)
        {
            case ExtendedStateLeaf: return MostSubleaves;
            case CacheLeaf or TopologyLeaf or AmdCacheLeaf: return 4;
            case 7: return 2;
            default: return 1;
        }
    }

    private static void Leaf(ReadOnlySpan<byte> name, uint leaf, uint subleaf, CpuidResult result)
    {
        Report.Begin(name);
        Report.Append(" "u8);
        Report.AppendHex(leaf, 8);
        Report.Append("."u8);
        Report.AppendHex(subleaf);
        Report.AppendField("eax"u8, result.Eax);
        Report.AppendField("ebx"u8, result.Ebx);
        Report.AppendField("ecx"u8, result.Ecx);
        Report.AppendField("edx"u8, result.Edx);
        Report.End();
    }

    /// <summary>Leaves beyond the last ones, and the SVM leaf by its number.</summary>
    private static void Beyond()
    {
        foreach (uint leaf in (ReadOnlySpan<uint>)
            [0x3FFF_FFFF, 0x4000_0001, 0x4000_0100, 0x7FFF_FFFF, 0x8000_00FF, 0x8000_000A, 0xC000_0000, 0xFFFF_FFFF])
        {
            CpuidResult result;
            Instructions.Cpuid(leaf, 0, &result);
            CpuidMask.Apply(leaf, &result);
            Leaf("cpuid-beyond"u8, leaf, 0, result);
        }
    }

    private static void Dress()
    {
        for (SnippetName name = SnippetName.Cpuid66; name <= SnippetName.CpuidTooLong; name++)
        {
            Dressed("cpuid-dress"u8, name, 0);
            int length = name == SnippetName.CpuidLongest ? 15 : name == SnippetName.CpuidSegment ? 4 : 3;
            Dressed("cpuid-dress-to-page-end"u8, name, length);
            Dressed("cpuid-dress-across-pages"u8, name, length - 1);
        }

        Dressed("cpuid-to-page-end"u8, SnippetName.Cpuid, 2);
        Dressed("cpuid-across-pages"u8, SnippetName.Cpuid, 1);
    }

    private static void Dressed(ReadOnlySpan<byte> kind, SnippetName name, int bytesOnFirstPage)
    {
        RunContext* context = Runner.Prepare(name, bytesOnFirstPage);
        context->Rax = 0xFFFF_FFFF_0000_0000; // the upper halves are ignored and come back as zero
        context->Rcx = 0xFFFF_FFFF_0000_0000;
        context->Rbx = ulong.MaxValue;
        Runner.UseSingleStep();
        Runner.Run();
        Report.Begin(kind);
        Report.Append(" "u8);
        Report.Append(InstructionName.Of(name));
        Report.AppendRun();
        Report.AppendField("rax"u8, context->Rax);
        Report.AppendField("rbx"u8, context->Rbx);
        Report.AppendField("rcx"u8, context->Rcx);
        Report.AppendField("rdx"u8, context->Rdx);
        Report.End();
    }
}
