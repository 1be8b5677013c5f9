using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>The page of the local APIC, by usual and unusual instructions: each must do what it does to a device .</summary>
public static unsafe class LocalApicChecks
{
    private const uint FirstValue = 0x0001_0035;
    private const uint Operand = 0x0001_0078;
    private const ulong IndexForDisplacement = 0x100;
    private const ulong Displacement = 0x7FFF_0000;
    private const int IndexScale = 8;
    private const ulong RepeatCount = 1;

    /// <summary>Runs all.</summary>
    public static void Run()
    {
        Report.Begin("apic-registers"u8);
        Report.AppendField("version"u8, ApicAccess.Read(ApicAccess.Version));
        Report.AppendField("spurious"u8, ApicAccess.Read(ApicAccess.SpuriousVector));
        Report.End();
        Values("apic-tpr"u8, ApicAccess.TaskPriority, 0xFFFF_FF35, 0);
        uint spurious = ApicAccess.Read(ApicAccess.SpuriousVector);
        Values("apic-spurious"u8, ApicAccess.SpuriousVector, spurious ^ 0x0F, spurious);
        Values("apic-error-status"u8, ApicAccess.ErrorStatus, 0, 0);
        Values("apic-destination"u8, LocalApic.InterruptCommandHigh, 0xAB12_3456, 0);
        uint before = ApicAccess.Read(ApicAccess.ErrorVector);
        for (SnippetName name = SnippetName.ApicMov; name <= SnippetName.ApicMov32; name++)
        {
            Form("apic-form"u8, name, ApicAccess.ErrorVector, step: false);
            Form("apic-form-step"u8, name, ApicAccess.ErrorVector, step: true);
        }

        ApicAccess.Write(ApicAccess.ErrorVector, before);
    }

    private static void Values(ReadOnlySpan<byte> name, uint register, uint value, uint last)
    {
        ApicAccess.Write(register, value);
        Report.Begin(name);
        Report.AppendField("read"u8, ApicAccess.Read(register));
        ApicAccess.Write(register, last);
        Report.End();
    }

    private static void Form(ReadOnlySpan<byte> kind, SnippetName name, uint register, bool step)
    {
        ApicAccess.Write(register, FirstValue);
        *(uint*)Runner.Scratch = Operand;
        RunContext* context = Runner.Prepare(name);
        context->Rdi = ApicAccess.Page + register;
        context->Rsi = (ulong)Runner.Scratch;
        context->Rcx = name == SnippetName.ApicRepStos ? RepeatCount : Operand;
        context->Rax = name is SnippetName.ApicCmpxchg or SnippetName.ApicCmpxchgPlain ? FirstValue : Operand;
        context->R13 = Operand;
        if (name == SnippetName.ApicMovIndexed)
        {
            context->Rdx = IndexForDisplacement;
            context->Rdi -= (IndexForDisplacement * IndexScale) + Displacement;
        }

        if (step)
        {
            Runner.UseSingleStep();
        }

        Runner.Run();
        Report.Begin(kind);
        Report.Append(" "u8);
        Report.Append(InstructionName.Of(name));
        Report.AppendRun();
        Report.AppendField("register"u8, ApicAccess.Read(register));
        Report.AppendField("rax"u8, context->Rax);
        Report.AppendField("rcx"u8, context->Rcx);
        if (context->R10 != 0 && name != SnippetName.ApicMovIndexed)
        {
            // The register as the snippet itself read it afterwards, and how far RDI moved.
            Report.AppendField("rbx"u8, context->Rbx);
            Report.AppendField("moved"u8, context->Rdi - context->R10);
        }

        Report.End();
    }
}
