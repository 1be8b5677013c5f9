using System;
using System.Linq;
using System.Text;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.GuestTools;

/// <summary>
/// hvstat: asks the hypervisor how often each processor left the guest and why, and prints a table, or with <c>--total</c> only the sum. Where no hypervisor
/// answers (there is none, or its configuration has no <c>status = on</c>) it says so and ends with status 1.
/// </summary>
public static class HvStatProgram
{
    /// <summary>What it says when nobody answers.</summary>
    public const string NoAnswer = "hvstat: no hypervisor answers";

    /// <summary>The first word of the row with the sums of all causes.</summary>
    public const string AllCauses = "all causes";

    /// <summary>The first word of the row that says how often each processor was started.</summary>
    public const string Starts = "starts";

    private const string TotalOption = "--total";
    private const string Usage = "usage: hvstat [--total]";
    private const int NoAnswerStatus = 1;
    private const int UsageStatus = 2;
    private const int IllegalInstructionSignal = 4;

    /// <summary>"Genu", the first word of CPUID's vendor string.</summary>
    private const int IntelSignature = 0x756E_6547;
    private const int NumberWidth = 10;
    private const int FirstArgument = 2 * sizeof(ulong); // on the stack, behind the count and the program's name

    private static readonly string[] _names =
        [.. Enumerable.Range(0, (int)ExitCause.Last).Select(cause => Enum.GetName((ExitCause)cause) ?? string.Empty)];

    private static readonly int _nameWidth = _names.Max(name => name.Length) + 1;

    /// <summary>Writes the program.</summary>
    public static byte[] Write()
    {
        LinuxProgram program = new();
        Assembler a = program.Code;
        Label noAnswer = a.CreateLabel("no answer");
        Label usage = a.CreateLabel("usage");
        Label table = a.CreateLabel("table");
        ulong counts = program.Reserve(BootParameters.MaximumProcessors * _names.Length * sizeof(ulong));
        ulong vendor = program.Reserve(sizeof(ulong));

        // EBP: whether only the total is wanted.
        a.xor(ebp, ebp);
        ReadArguments(program, usage);
        program.Handle(IllegalInstructionSignal, noAnswer);
        ReadVendor(a, vendor);
        Call(a, HypercallFunction.Processors, vendor);

        // Another hypervisor may answer too, in its own way: with an error number.
        a.lea(rcx, __[rax - 1]);
        a.cmp(rcx, BootParameters.MaximumProcessors);
        a.jae(noAnswer);
        a.mov(rbx, rax);
        TakeCounts(a, counts, vendor);
        a.test(ebp, ebp);
        a.je(table);
        a.mov(rax, r14);
        program.PrintNumber(0);
        program.EndLine();
        program.Exit(0);

        a.Label(ref table);
        WriteHeader(program);
        WriteCauses(program, counts);
        WriteSums(program, counts);
        WriteStarts(program, vendor);
        program.Exit(0);

        a.Label(ref noAnswer);
        program.Fail(NoAnswer, NoAnswerStatus);
        a.Label(ref usage);
        program.Fail(Usage, UsageStatus);
        return program.Build();
    }

    private static void ReadArguments(LinuxProgram program, Label usage)
    {
        Assembler a = program.Code;
        Label read = a.CreateLabel();
        byte[] option = Encoding.ASCII.GetBytes(TotalOption + '\0');
        Label expected = program.Constant(option);
        a.mov(rdi, __qword_ptr[rsp + FirstArgument]);
        a.test(rdi, rdi);
        a.je(read);
        a.lea(rsi, __[expected]);
        a.mov(ecx, option.Length);
        a.repe.cmpsb();
        a.jne(usage);
        a.cmp(__qword_ptr[rsp + FirstArgument + sizeof(ulong)], 0);
        a.jne(usage);
        a.inc(ebp);
        a.Label(ref read);
    }

    /// <summary>The first word of the vendor string: each vendor has its own instruction to call with.</summary>
    private static void ReadVendor(Assembler a, ulong vendor)
    {
        a.xor(eax, eax);
        a.cpuid();
        a.mov(rax, vendor);
        a.mov(__dword_ptr[rax], ebx);
        a.xor(edx, edx); // the first processor
    }

    /// <summary>Calls the hypervisor: RDX and R8 are the arguments.</summary>
    private static void Call(Assembler a, HypercallFunction function, ulong vendor)
    {
        Label amd = a.CreateLabel();
        Label called = a.CreateLabel();
        a.mov(rax, vendor);
        a.cmp(__dword_ptr[rax], IntelSignature);
        a.mov(rax, HypercallProtocol.Signature);
        a.mov(ecx, (int)function);
        a.jne(amd);
        a.vmcall();
        a.jmp(called);
        a.Label(ref amd);
        a.vmmcall();
        a.Label(ref called);
        a.nop();
    }

    /// <summary>Takes all numbers at once, so that rows and sums agree: processor by processor, and their sum in R14.</summary>
    private static void TakeCounts(Assembler a, ulong counts, ulong vendor)
    {
        Label processor = a.CreateLabel();
        Label cause = a.CreateLabel();
        a.mov(r10, counts);
        a.xor(r14d, r14d);
        a.xor(r13d, r13d);
        a.Label(ref processor);
        a.xor(r12d, r12d);
        a.Label(ref cause);
        a.mov(rdx, r13);
        a.mov(r8, r12);
        Call(a, HypercallFunction.ExitCount, vendor);
        a.mov(__qword_ptr[r10], rax);
        a.add(r10, sizeof(ulong));
        a.add(r14, rax);
        a.inc(r12d);
        a.cmp(r12d, _names.Length);
        a.jb(cause);
        a.inc(r13d);
        a.cmp(r13d, ebx);
        a.jb(processor);
    }

    private static void WriteHeader(LinuxProgram program)
    {
        program.Print("processor".PadRight(_nameWidth));
        ForEachProcessor(program.Code, () =>
        {
            program.Code.mov(rax, r13);
            program.PrintNumber(NumberWidth);
        });
        program.Print("total".PadLeft(NumberWidth));
        program.EndLine();
    }

    private static void WriteCauses(LinuxProgram program, ulong counts)
    {
        Assembler a = program.Code;
        Label row = a.CreateLabel();
        Label next = a.CreateLabel();
        Label names = program.Constant(Encoding.ASCII.GetBytes(string.Concat(_names.Select(name => name.PadRight(_nameWidth)))));
        a.xor(r12d, r12d);
        a.Label(ref row);

        // The sum of the row first: rows of zeros are left out.
        a.xor(r14d, r14d);
        ForEachProcessor(a, () =>
        {
            LoadCount(a, counts);
            a.add(r14, rax);
        });
        a.test(r14, r14);
        a.je(next);
        a.imul(eax, r12d, _nameWidth);
        a.lea(rsi, __[names]);
        a.add(rsi, rax);
        program.PrintBytes(_nameWidth);
        ForEachProcessor(a, () =>
        {
            LoadCount(a, counts);
            program.PrintNumber(NumberWidth);
        });
        a.mov(rax, r14);
        program.PrintNumber(NumberWidth);
        program.EndLine();
        a.Label(ref next);
        a.inc(r12d);
        a.cmp(r12d, _names.Length);
        a.jb(row);
    }

    private static void WriteSums(LinuxProgram program, ulong counts)
    {
        Assembler a = program.Code;
        program.Print(AllCauses.PadRight(_nameWidth));
        a.xor(r14d, r14d);
        ForEachProcessor(a, () =>
        {
            Label cause = a.CreateLabel();
            a.xor(ebp, ebp);
            a.xor(r12d, r12d);
            a.Label(ref cause);
            LoadCount(a, counts);
            a.add(rbp, rax);
            a.inc(r12d);
            a.cmp(r12d, _names.Length);
            a.jb(cause);
            a.add(r14, rbp);
            a.mov(rax, rbp);
            program.PrintNumber(NumberWidth);
        });
        a.mov(rax, r14);
        program.PrintNumber(NumberWidth);
        program.EndLine();
    }

    private static void WriteStarts(LinuxProgram program, ulong vendor)
    {
        Assembler a = program.Code;
        program.Print(Starts.PadRight(_nameWidth));
        ForEachProcessor(a, () =>
        {
            a.mov(rdx, r13);
            Call(a, HypercallFunction.Processors, vendor);
            a.mov(rax, rdx);
            program.PrintNumber(NumberWidth);
        });
        program.EndLine();
    }

    /// <summary>RAX = the count of processor R13 and cause R12.</summary>
    private static void LoadCount(Assembler a, ulong counts)
    {
        a.imul(eax, r13d, _names.Length);
        a.add(eax, r12d);
        a.mov(rdx, counts);
        a.mov(rax, __qword_ptr[rdx + (rax * sizeof(ulong))]);
    }

    /// <summary>R13 runs over the processors, of which there are RBX.</summary>
    private static void ForEachProcessor(Assembler a, Action body)
    {
        Label next = a.CreateLabel();
        a.xor(r13d, r13d);
        a.Label(ref next);
        body();
        a.inc(r13d);
        a.cmp(r13d, ebx);
        a.jb(next);
    }
}
