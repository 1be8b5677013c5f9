using System.Text;
using Hypervisor.Tool.ImageBuild;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Stubs;

/// <summary>
/// The machine code of hvctl: the hypercall, survived where it is an undefined instruction (with interrupt descriptors of its own in the firmware, with a signal
/// handler on Linux), and the way in and out of a Linux process.
/// </summary>
public static class ControlStubs
{
    private const string Prefix = "hvctl_";
    private const int Registers = 7;
    private const int HomeSpace = 32;

    // Linux, x86-64: numbers of system calls, and where the kernel's signal frame has the interrupted RIP (struct ucontext: gregs[REG_RIP]).
    private const int WriteCall = 1;
    private const int ReturnFromSignalCall = 15;
    private const int ExitGroupCall = 231;
    private const int StandardError = 2;
    private const int InterruptedRip = 40 + (16 * sizeof(ulong));
    private const int DefectStatus = 70;

    /// <summary>Writes the object.</summary>
    public static byte[] Write()
    {
        StubWriter writer = new();
        InstructionStubs.Write(writer);
        writer.Add("__security_cookie", a => a.dq(0));
        WriteCalls(writer);
        WriteProcess(writer);
        return writer.ToArray();
    }

    private static void WriteCalls(StubWriter writer) => writer.Add(Prefix + "Addresses", a =>
    {
        Label undefined = a.CreateLabel();
        Label signal = a.CreateLabel();
        Label restorer = a.CreateLabel();
        StoreAddress(a, 0, undefined);
        StoreAddress(a, 1, signal);
        StoreAddress(a, 2, restorer);
        a.ret();

        WriteFirmwareCall(writer, a, ref undefined);
        WriteLinuxCall(writer, a, ref signal, ref restorer);
    });

    private static void StoreAddress(Assembler a, int index, Label label)
    {
        a.lea(rax, __[label]);
        a.mov(__qword_ptr[rcx + (index * sizeof(ulong))], rax);
    }

    /// <summary>uint CallFirmware(CallRegisters* registers, uint vmcall, DescriptorTableRegister* own, DescriptorTableRegister* firmware)</summary>
    private static void WriteFirmwareCall(StubWriter writer, Assembler a, ref Label undefined)
    {
        Label failed = a.CreateLabel();
        Label leave = a.CreateLabel();
        writer.Mark(a, Prefix + "CallFirmware");
        a.push(rbx);
        a.push(rsi);
        a.push(rdi);
        a.mov(rbx, rcx);
        a.mov(edi, edx);
        a.mov(rsi, r9);
        a.pushfq();
        a.cli(); // between the two LIDTs every other vector goes where it always did, but nobody else may run
        a.lidt(__[r8]);
        WriteInstruction(a, out _, out _);
        a.mov(eax, 1);
        a.Label(ref leave);
        a.lidt(__[rsi]);
        a.popfq();
        a.pop(rdi);
        a.pop(rsi);
        a.pop(rbx);
        a.ret();
        a.Label(ref failed);
        a.xor(eax, eax);
        a.jmp(leave);

        // #UD: the frame's RIP is at the top; the call is over.
        a.Label(ref undefined);
        a.lea(rax, __[failed]);
        a.mov(__qword_ptr[rsp], rax);
        a.iretq();
    }

    /// <summary>uint CallLinux(CallRegisters* registers, uint vmcall)</summary>
    private static void WriteLinuxCall(StubWriter writer, Assembler a, ref Label signal, ref Label restorer)
    {
        Label failed = a.CreateLabel();
        writer.Mark(a, Prefix + "CallLinux");
        a.push(rbx);
        a.push(rdi);
        a.mov(rbx, rcx);
        a.mov(edi, edx);
        WriteInstruction(a, out Label amd, out Label intel);
        a.mov(eax, 1);
        a.pop(rdi);
        a.pop(rbx);
        a.ret();
        a.Label(ref failed);
        a.xor(eax, eax);
        a.pop(rdi);
        a.pop(rbx);
        a.ret();

        WriteSignalHandler(a, ref signal, amd, intel, failed);
        a.Label(ref restorer);
        a.mov(eax, ReturnFromSignalCall);
        a.syscall();
    }

    /// <summary>SIGILL, with the kernel's arguments: anywhere but at the two calls it is a defect of the program.</summary>
    private static void WriteSignalHandler(Assembler a, ref Label signal, Label amd, Label intel, Label failed)
    {
        Label expected = a.CreateLabel();
        Label text = a.CreateLabel();
        byte[] message = Encoding.ASCII.GetBytes("hvctl: a check of the program itself failed\n");
        a.Label(ref signal);
        a.mov(rax, __qword_ptr[rdx + InterruptedRip]);
        foreach (Label site in (Label[])[amd, intel])
        {
            a.lea(rcx, __[site]);
            a.cmp(rax, rcx);
            a.je(expected);
        }

        a.mov(eax, WriteCall);
        a.mov(edi, StandardError);
        a.lea(rsi, __[text]);
        a.mov(edx, message.Length);
        a.syscall();
        a.mov(eax, ExitGroupCall);
        a.mov(edi, DefectStatus);
        a.syscall();
        a.Label(ref expected);
        a.lea(rcx, __[failed]);
        a.mov(__qword_ptr[rdx + InterruptedRip], rcx);
        a.ret();
        a.Label(ref text);
        a.db(message);
    }

    /// <summary>The call itself: RBX = the registers' place, EDI = nonzero for VMCALL.</summary>
    private static void WriteInstruction(Assembler a, out Label amd, out Label intel)
    {
        AssemblerRegister64[] registers = [rax, rcx, rdx, r8, r9, r10, r11];
        amd = a.CreateLabel();
        intel = a.CreateLabel();
        Label done = a.CreateLabel();
        a.test(edi, edi);
        for (int i = 0; i < Registers; i++)
        {
            a.mov(registers[i], __qword_ptr[rbx + (i * sizeof(ulong))]);
        }

        a.jnz(intel);
        a.Label(ref amd);
        a.vmmcall();
        a.jmp(done);
        a.Label(ref intel);
        a.vmcall();
        a.Label(ref done);
        for (int i = 0; i < Registers; i++)
        {
            a.mov(__qword_ptr[rbx + (i * sizeof(ulong))], registers[i]);
        }
    }

    private static void WriteProcess(StubWriter writer)
    {
        // Where the kernel enters: RSP points at the number of arguments (System V ABI, AMD64 supplement §3.4.1).
        writer.Add(PeToElf.EntrySymbol, a =>
        {
            a.mov(rcx, rsp);
            a.and(rsp, -16);
            a.sub(rsp, HomeSpace);
            writer.Call(a, "LinuxMain");
            a.mov(edi, eax);
            a.mov(eax, ExitGroupCall);
            a.syscall();
        });

        // long SystemCall(number, first, second, third, fourth, fifth): RDI and RSI belong to the caller here, to the call there.
        writer.Add(Prefix + "SystemCall", a =>
        {
            const int saved = 2 * sizeof(ulong);
            a.push(rdi);
            a.push(rsi);
            a.mov(rax, rcx);
            a.mov(rdi, rdx);
            a.mov(rsi, r8);
            a.mov(rdx, r9);
            a.mov(r10, __qword_ptr[rsp + saved + sizeof(ulong) + HomeSpace]);
            a.mov(r8, __qword_ptr[rsp + saved + (2 * sizeof(ulong)) + HomeSpace]);
            a.syscall();
            a.pop(rsi);
            a.pop(rdi);
            a.ret();
        });
    }
}
