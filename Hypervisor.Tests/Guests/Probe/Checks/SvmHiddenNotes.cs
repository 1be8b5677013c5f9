using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>
/// What shows whether there is SVM: noted, not compared, for a bare machine with SVM shows it. Behind the hypervisor, and bare on a
/// processor without SVM, the feature bit and its leaf are zero; VM_CR and VM_HSAVE_PA then raise #GP on hardware (AMD APM vol 2 §15.4, §15.30).
/// </summary>
public static unsafe class SvmHiddenNotes
{
    private const uint FeatureLeaf = 0x8000_0001;
    private const uint SvmLeaf = 0x8000_000A;
    private const uint VmCr = 0xC001_0114;
    private const uint HostSavePage = 0xC001_0117;

    /// <summary>Notes all.</summary>
    public static void Run()
    {
        CpuidResult feature;
        CpuidResult svm;
        Instructions.Cpuid(FeatureLeaf, 0, &feature);
        Instructions.Cpuid(SvmLeaf, 0, &svm);
        Report.BeginNote("svm-feature"u8);
        Report.AppendField("svm"u8, (feature.Ecx >> 2) & 1);
        Report.AppendField("skinit"u8, (feature.Ecx >> 12) & 1);
        Report.AppendField("leaf"u8, svm.Eax | svm.Ebx | svm.Ecx | svm.Edx);
        Report.End();
        Access("read VM_CR"u8, SnippetName.ReadMsr, VmCr);
        Access("read VM_HSAVE_PA"u8, SnippetName.ReadMsr, HostSavePage);
        Access("write VM_CR"u8, SnippetName.WriteMsr, VmCr);
        Access("write VM_HSAVE_PA"u8, SnippetName.WriteMsr, HostSavePage);
    }

    private static void Access(ReadOnlySpan<byte> name, SnippetName snippet, uint msr)
    {
        RunContext* context = Runner.Prepare(snippet);
        context->Rcx = msr;
        Runner.Run();
        Report.BeginNote(name);
        Report.AppendRun();
        Report.AppendField("value"u8, (context->Rdx << 32) | context->Rax);
        Report.End();
    }
}
