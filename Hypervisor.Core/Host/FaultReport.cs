using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Core.Host;

/// <summary>
/// What the host says before it stops: what happened, where, registers, code, stack, the guest and the last exits (L7). Every line goes to the serial port and
/// into the log ring.
/// </summary>
public static unsafe class FaultReport
{
    private const int StackWords = 24;
    private const int WordsPerLine = 4;
    private const int CodeBytes = 16;
    private const ulong GuardSize = 0x1000;
    private const ulong PageFault = 14;

    /// <summary>Writes the report.</summary>
    public static void Write(ExceptionFrame* frame, ProcessorData* processor)
    {
        Log.Break();
        Line(processor).Text("*** hv: fault in the host: "u8).Text(Name(frame->Vector)).Text(", error code "u8).Hex(frame->ErrorCode).End();
        if (FailFast.Reason.Length != 0)
        {
            Line(processor).Text("    check failed: "u8).Text(FailFast.Reason).End();
        }

        WritePlace(processor, "    at "u8, frame->Rip);
        if (frame->Vector == PageFault)
        {
            WriteFaultAddress(Instructions.ReadCr2(), processor);
        }

        WriteRegisters(frame, processor);
        WriteCode(frame->Rip, processor);
        WriteStack(frame->Rsp, processor);
        WriteCallers(frame->Rsp, processor);
        WriteGuest(processor);
        WriteTrace(processor);
        WriteEnd(processor);
    }

    /// <summary>The last exits.</summary>
    internal static void WriteTrace(ProcessorData* processor)
    {
        uint count = processor->Trace.Count < ExitTrace.Capacity ? processor->Trace.Count : ExitTrace.Capacity;
        for (uint age = 0; age < count; age++)
        {
            ExitRecord record = processor->Trace.Read(age);
            Line(processor).Text("    exit -"u8).Decimal(age).Text(" code "u8).Hex(record.Code).Text(" rip "u8).Hex(record.Rip, 16)
                .Text(" info "u8).Hex(record.Info1).Text(" "u8).Hex(record.Info2).End();
        }
    }

    /// <summary>The line that ends a report.</summary>
    internal static void WriteEnd(ProcessorData* processor) =>
        Line(processor).Text("*** hv: end of report; processor "u8).Decimal(processor->Index).Text(" is stopped"u8).End();

    private static LogLine Line(ProcessorData* processor) => Log.Begin(LogLevel.Error, processor->Index);

    private static void WritePlace(ProcessorData* processor, ReadOnlySpan<byte> label, ulong address)
    {
        LogLine line = Line(processor).Text(label).Hex(address, 16);
        MachineData* machine = processor->Machine;
        ulong offset = address - machine->ImageBase;
        if (offset < machine->ImageSize)
        {
            line = line.Text(" image+"u8).Hex(offset);
            ReadOnlySpan<byte> name = SymbolTable.Find(machine->Symbols, machine->SymbolsSize, (uint)offset, out uint distance);
            if (name.Length != 0)
            {
                line = line.Text(" "u8).Text(name).Text("+"u8).Hex(distance);
            }
        }

        line.End();
    }

    private static void WriteRegisters(ExceptionFrame* f, ProcessorData* processor)
    {
        Line(processor).Text("    rax "u8).Hex(f->Rax, 16).Text(" rbx "u8).Hex(f->Rbx, 16).Text(" rcx "u8).Hex(f->Rcx, 16).Text(" rdx "u8).Hex(f->Rdx, 16).End();
        Line(processor).Text("    rsi "u8).Hex(f->Rsi, 16).Text(" rdi "u8).Hex(f->Rdi, 16).Text(" rbp "u8).Hex(f->Rbp, 16).Text(" rsp "u8).Hex(f->Rsp, 16).End();
        Line(processor).Text("    r8  "u8).Hex(f->R8, 16).Text(" r9  "u8).Hex(f->R9, 16).Text(" r10 "u8).Hex(f->R10, 16).Text(" r11 "u8).Hex(f->R11, 16).End();
        Line(processor).Text("    r12 "u8).Hex(f->R12, 16).Text(" r13 "u8).Hex(f->R13, 16).Text(" r14 "u8).Hex(f->R14, 16).Text(" r15 "u8).Hex(f->R15, 16).End();
        Line(processor).Text("    rfl "u8).Hex(f->RFlags, 16).Text(" cr0 "u8).Hex(Instructions.ReadCr0(), 16).Text(" cr3 "u8).Hex(Instructions.ReadCr3(), 16)
            .Text(" cr4 "u8).Hex(Instructions.ReadCr4(), 16).End();
    }

    private static void WriteCode(ulong rip, ProcessorData* processor)
    {
        LogLine line = Line(processor).Text("    code"u8);
        for (ulong i = 0; i < CodeBytes; i += sizeof(ulong))
        {
            ulong word;
            if (Instructions.TryRead64(rip + i, &word) == 0)
            {
                line = line.Text(" (not mapped)"u8);
                break;
            }

            for (int b = 0; b < sizeof(ulong); b++)
            {
                line = line.Text(" "u8).Byte((byte)(word >> (b * 8)));
            }
        }

        line.End();
    }

    private static void WriteStack(ulong rsp, ProcessorData* processor)
    {
        for (int i = 0; i < StackWords; i += WordsPerLine)
        {
            LogLine line = Line(processor).Text("    stack+"u8).Hex((ulong)i * sizeof(ulong), 2);
            for (int j = 0; j < WordsPerLine; j++)
            {
                ulong word;
                if (Instructions.TryRead64(rsp + ((ulong)(i + j) * sizeof(ulong)), &word) == 0)
                {
                    line.Text(" (not mapped)"u8).End();
                    return;
                }

                line = line.Text(" "u8).Hex(word, 16);
            }

            line.End();
        }
    }

    private static void WriteFaultAddress(ulong address, ProcessorData* processor)
    {
        ulong inBlock = address - ((ulong)processor - ProcessorBlock.Data);
        bool guard = inBlock is < ProcessorBlock.StackGuard + GuardSize or (>= ProcessorBlock.FaultStackGuard and < ProcessorBlock.FaultStackGuard + GuardSize);
        LogLine line = Line(processor).Text("    address "u8).Hex(address);
        if (guard)
        {
            line = line.Text(", the guard page below a stack: the stack was too small"u8);
        }

        line.End();
    }

    /// <summary>Words of the stack that point into code: the callers, and now and then a leftover.</summary>
    private static void WriteCallers(ulong rsp, ProcessorData* processor)
    {
        MachineData* machine = processor->Machine;
        for (int i = 0; i < StackWords; i++)
        {
            ulong word;
            if (Instructions.TryRead64(rsp + ((ulong)i * sizeof(ulong)), &word) != 0 && word - machine->ImageBase < machine->ImageSize)
            {
                WritePlace(processor, "    called from "u8, word);
            }
        }
    }

    private static void WriteGuest(ProcessorData* processor)
    {
        GuestSnapshot guest;
        processor->Machine->Snapshot(processor, &guest);
        Line(processor).Text("    guest rip "u8).Hex(guest.Rip, 16).Text(" rsp "u8).Hex(guest.Rsp, 16).Text(" rfl "u8).Hex(guest.RFlags, 8)
            .Text(" cs "u8).Hex(guest.Cs, 4).Text(" cpl "u8).Decimal(guest.Cpl).End();
        Line(processor).Text("    guest cr0 "u8).Hex(guest.Cr0, 8).Text(" cr3 "u8).Hex(guest.Cr3, 16).Text(" cr4 "u8).Hex(guest.Cr4, 8)
            .Text(" efer "u8).Hex(guest.Efer, 4).End();
    }

    private static ReadOnlySpan<byte> Name(ulong vector) => vector switch
    {
        0 => "#DE divide error"u8,
        1 => "#DB debug"u8,
        3 => "#BP breakpoint"u8,
        6 => "#UD undefined instruction"u8,
        8 => "#DF double fault"u8,
        10 => "#TS invalid task state"u8,
        11 => "#NP segment not present"u8,
        12 => "#SS stack"u8,
        13 => "#GP general protection"u8,
        PageFault => "#PF page fault"u8,
        18 => "#MC machine check"u8,
        _ => "unexpected vector"u8,
    };
}
