using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>
/// MSRs that are absent, at and beyond the ends of the ranges of the permission map (AMD APM vol 2 §15.11), and bits of EFER
/// (§3.1.7, R-64).
/// </summary>
public static unsafe class MsrChecks
{
    private const ulong Svme = 1UL << 12;
    private const uint IntelVendorEnd = 0x6C65_746E; // "ntel"
    private const int SystemCallEnable = 0;
    private const int LongModeEnable = 8;
    private const int NoExecuteEnable = 11;
    private const int FastFxSave = 14;

    /// <summary>Runs all.</summary>
    public static void Run()
    {
        foreach (uint msr in (ReadOnlySpan<uint>)
            [0x0000_0002, 0x0000_1FFF, 0x0000_2000, 0x1000_0000, 0x4000_0000, 0x4000_0001, 0x7FFF_FFFF, 0xBFFF_FFFF, 0xC000_0000,
             0xC000_1FFF, 0xC000_2000, 0xC000_FFFF, 0xC001_0000, 0xC001_0015, 0xC001_001F, 0xC001_0020, 0xC001_1FFF, 0xC001_2000,
             0xC001_F000, 0xFFFF_FFFF,
             Msr.Pat, Msr.MtrrCapability, Msr.MtrrDefaultType, Msr.Star, Msr.LStar, Msr.KernelGsBase, Msr.TscAux, Msr.MicrocodeRevision,
             Msr.MachineCheckCapability, Msr.FeatureControl, Msr.VmxBasic, 0x830, 0x808])
        {
            Read(msr);
        }

        foreach (uint msr in (ReadOnlySpan<uint>)
            [0x0000_1FFF, 0x0000_2000, 0x4000_0000, 0xC000_1FFF, 0xC000_2000, 0xC001_1FFF, 0xC001_2000, 0xC001_F000, 0xFFFF_FFFF,
             Msr.FeatureControl, Msr.VmxBasic, Msr.MtrrCapability])
        {
            Write("wrmsr"u8, msr, 0);
        }

        EferBits();
        BasesAcrossExits();
    }

    private static void Read(uint msr)
    {
        RunContext* context = Runner.Prepare(SnippetName.ReadMsr);
        context->Rcx = msr | 0xFFFF_FFFF_0000_0000;
        Runner.Run();
        Begin("rdmsr"u8, msr);
        Report.Append(" "u8);
        Report.AppendHex(msr, 8);
        Report.AppendRun();
        if (Runner.IsDone)
        {
            Report.AppendField("rdx"u8, context->Rdx);
            Report.AppendField("rax"u8, context->Rax);
        }

        Report.End();
    }

    /// <summary>Where a bare machine shows its VMX (Intel SDM vol 3 appendix A), the registers of VMX are noted only: the hypervisor hides them.</summary>
    private static void Begin(ReadOnlySpan<byte> name, uint msr)
    {
        if ((msr is Msr.FeatureControl or Msr.VmxBasic) && IsIntel)
        {
            Report.BeginNote(name);
        }
        else
        {
            Report.Begin(name);
        }
    }

    /// <summary>Whether the processor's vendor is "GenuineIntel".</summary>
    private static bool IsIntel
    {
        get
        {
            CpuidResult vendor;
            Instructions.Cpuid(0, 0, &vendor);
            return vendor.Ecx == IntelVendorEnd;
        }
    }

    private static void Write(ReadOnlySpan<byte> name, uint msr, ulong value)
    {
        RunContext* context = Runner.Prepare(SnippetName.WriteMsr);
        context->Rcx = msr;
        context->Rax = (uint)value;
        context->Rdx = value >> 32;
        Runner.Run();
        Begin(name, msr);
        Report.Append(" "u8);
        Report.AppendHex(msr, 8);
        Report.AppendField("value"u8, value);
        Report.AppendRun();
        Report.End();
    }

    private static void EferBits()
    {
        ulong efer = Instructions.ReadMsr(Msr.Efer);
        Report.Begin("efer-hides-svme"u8);
        Report.AppendField("svme"u8, (efer & Svme) >> 12);
        Report.AppendField("efer"u8, efer & ~Svme);
        Report.End();
        ToggleEfer("efer-toggle-bit"u8, efer, SystemCallEnable);
        ToggleEfer("efer-toggle-bit"u8, efer, NoExecuteEnable);
        if (HasFastFxSave)
        {
            ToggleEfer("efer-toggle-bit"u8, efer, FastFxSave);
        }
    }

    /// <summary>
    /// Reserved bits of EFER, and LME while paging is on: #GP for each. A bare QEMU 7.2 ignores reserved bits and takes LME.
    /// </summary>
    public static void RunReserved()
    {
        ulong efer = Instructions.ReadMsr(Msr.Efer);
        foreach (int bit in (ReadOnlySpan<int>)[1, LongModeEnable, 9, 16, 19, 22, 31, 32, 63])
        {
            ToggleEfer("efer-reserved-bit"u8, efer, bit);
        }

        if (!HasFastFxSave)
        {
            ToggleEfer("efer-reserved-bit"u8, efer, FastFxSave);
        }
    }

    /// <summary>CPUID 8000_0001h, EDX bit 25.</summary>
    private static bool HasFastFxSave
    {
        get
        {
            CpuidResult result;
            Instructions.Cpuid(0x8000_0001, 0, &result);
            return (result.Edx & (1 << 25)) != 0;
        }
    }

    private static void ToggleEfer(ReadOnlySpan<byte> name, ulong efer, int bit)
    {
        ulong value = efer ^ (1UL << bit);
        RunContext* context = Runner.Prepare(SnippetName.WriteMsr);
        context->Rcx = Msr.Efer;
        context->Rax = (uint)value;
        context->Rdx = value >> 32;
        Runner.Run();
        ulong after = Instructions.ReadMsr(Msr.Efer);
        Instructions.WriteMsr(Msr.Efer, efer);
        Report.Begin(name);
        Report.Append(" "u8);
        Report.AppendDecimal(bit);
        Report.AppendRun();
        Report.AppendField("changed"u8, (after ^ efer) & ~Svme);
        Report.End();
    }

    /// <summary>Registers that VMLOAD and VMSAVE move (AMD APM vol 2 §15.14, R-73): what is written stays, across exits.</summary>
    private static void BasesAcrossExits()
    {
        foreach (uint msr in (ReadOnlySpan<uint>)
            [Msr.Star, Msr.LStar, Msr.CStar, Msr.SyscallFlagMask, Msr.FsBase, Msr.GsBase, Msr.KernelGsBase, Msr.SysEnterCs, Msr.SysEnterEsp,
             Msr.SysEnterEip, Msr.TscAux])
        {
            ulong before = Instructions.ReadMsr(msr);
            ulong pattern = msr == Msr.SysEnterCs ? 0x5A5Aul : 0x5A5A_1234ul;
            Instructions.WriteMsr(msr, pattern);
            CpuidResult result;
            Instructions.Cpuid(0, 0, &result);
            ulong after = Instructions.ReadMsr(msr);
            Instructions.WriteMsr(msr, before);
            Report.Begin("msr-across-cpuid"u8);
            Report.Append(" "u8);
            Report.AppendHex(msr, 8);
            Report.AppendField("value"u8, after);
            Report.End();
        }
    }
}
