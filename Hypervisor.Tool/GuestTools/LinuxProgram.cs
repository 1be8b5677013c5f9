using System.Collections.Generic;
using System.IO;
using System.Text;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.GuestTools;

/// <summary>
/// A Linux program in the making: Iced's assembler, with texts, memory, and buffered output to standard output. R15 belongs to the output; the routines called
/// here change RAX, RCX, RDX, RSI, RDI and R8 to R11.
/// </summary>
public sealed class LinuxProgram
{
    private const int WriteCall = 1;
    private const int SetActionCall = 13;
    private const int ReturnFromSignalCall = 15;
    private const int ExitCall = 60;
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private const int BufferSize = 4096;
    private const int DecimalBase = 10;
    private const int MostDigits = 24;

    private const int SignalSetSize = 8;
    private const int WithInformation = 0x4; // SA_SIGINFO
    private const int WithRestorer = 0x0400_0000; // SA_RESTORER, which the kernel demands on this architecture

    private readonly List<(Label Label, byte[] Bytes)> _constants = [];
    private readonly ulong _buffer;
    private Label _append;
    private Label _number;
    private Label _flush;
    private Label _restorer;
    private int _memory;

    /// <summary>Begins a program; what is assembled first runs first.</summary>
    public LinuxProgram()
    {
        _append = Code.CreateLabel("append");
        _number = Code.CreateLabel("number");
        _flush = Code.CreateLabel("flush");
        _restorer = Code.CreateLabel("restorer");
        _buffer = Reserve(BufferSize);
        Code.mov(r15, _buffer);
    }

    /// <summary>The assembler.</summary>
    public Assembler Code { get; } = new(64);

    /// <summary>Reserves zeroed memory and returns its address.</summary>
    public ulong Reserve(int bytes)
    {
        const int Alignment = 16;
        ulong address = ElfExecutable.MemoryAddress + (ulong)_memory;
        _memory += (bytes + Alignment - 1) / Alignment * Alignment;
        return address;
    }

    /// <summary>Places bytes that the program only reads.</summary>
    public Label Constant(byte[] bytes)
    {
        Label label = Code.CreateLabel();
        _constants.Add((label, bytes));
        return label;
    }

    /// <summary>Appends a text to the output.</summary>
    public void Print(string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        Label constant = Constant(bytes);
        Code.lea(rsi, __[constant]);
        PrintBytes(bytes.Length);
    }

    /// <summary>Appends the bytes that RSI points to.</summary>
    public void PrintBytes(int count)
    {
        Code.mov(ecx, count);
        Code.call(_append);
    }

    /// <summary>Appends RAX as a decimal number, with spaces in front up to a width.</summary>
    public void PrintNumber(int width)
    {
        Code.mov(ecx, width);
        Code.call(_number);
    }

    /// <summary>Ends the line and writes it out.</summary>
    public void EndLine()
    {
        Print("\n");
        Code.call(_flush);
    }

    /// <summary>Writes a text to standard error and ends the program.</summary>
    public void Fail(string text, int status)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text + '\n');
        Label constant = Constant(bytes);
        Code.mov(eax, WriteCall);
        Code.mov(edi, StandardError);
        Code.lea(rsi, __[constant]);
        Code.mov(edx, bytes.Length);
        Code.syscall();
        Exit(status);
    }

    /// <summary>Ends the program.</summary>
    public void Exit(int status)
    {
        Code.mov(eax, ExitCall);
        Code.mov(edi, status);
        Code.syscall();
    }

    /// <summary>Has a signal handled by code that gets the signal in RDI, its description in RSI and the interrupted state in RDX.</summary>
    public void Handle(int signal, Label handler)
    {
        // struct kernel_sigaction: handler, flags, restorer, mask.
        const int Size = 32;
        ulong action = Reserve(Size);
        Code.mov(rsi, action);
        Code.lea(rax, __[handler]);
        Code.mov(__qword_ptr[rsi], rax);
        Code.mov(__qword_ptr[rsi + 8], WithInformation | WithRestorer);
        Code.lea(rax, __[_restorer]);
        Code.mov(__qword_ptr[rsi + 16], rax);
        Code.mov(eax, SetActionCall);
        Code.mov(edi, signal);
        Code.xor(edx, edx);
        Code.mov(r10d, SignalSetSize);
        Code.syscall();
    }

    /// <summary>The finished program; its code must not run on beyond its end.</summary>
    public byte[] Build()
    {
        WriteRoutines();
        for (int i = 0; i < _constants.Count; i++)
        {
            (Label label, byte[] bytes) = _constants[i];
            Code.Label(ref label);
            Code.db(bytes);
        }

        using MemoryStream stream = new();
        Code.Assemble(new StreamCodeWriter(stream), ElfExecutable.CodeAddress);
        return ElfExecutable.Build(stream.ToArray(), _memory);
    }

    private void WriteRoutines()
    {
        Code.Label(ref _append);
        Code.mov(rdi, r15);
        Code.rep.movsb();
        Code.mov(r15, rdi);
        Code.ret();

        WriteNumber();

        Code.Label(ref _flush);
        Code.mov(eax, WriteCall);
        Code.mov(edi, StandardOutput);
        Code.mov(rsi, _buffer);
        Code.mov(rdx, r15);
        Code.sub(rdx, rsi);
        Code.mov(r15, rsi);
        Code.syscall();
        Code.ret();

        Code.Label(ref _restorer);
        Code.mov(eax, ReturnFromSignalCall);
        Code.syscall();
    }

    private void WriteNumber()
    {
        Label digit = Code.CreateLabel();
        Label unpadded = Code.CreateLabel();
        Code.Label(ref _number);
        Code.lea(rsi, __[rsp - 8]); // digits grow downwards from here; no signal handler runs on this stack meanwhile
        Code.mov(r8, rsi);
        Code.sub(rsp, MostDigits + 8);
        Code.mov(r9d, DecimalBase);
        Code.Label(ref digit);
        Code.xor(edx, edx);
        Code.div(r9);
        Code.dec(rsi);
        Code.add(dl, (sbyte)'0');
        Code.mov(__byte_ptr[rsi], dl);
        Code.test(rax, rax);
        Code.jne(digit);
        Code.sub(r8, rsi);
        Code.sub(ecx, r8d);
        Code.jle(unpadded);
        Code.mov(rdi, r15);
        Code.mov(al, (sbyte)' ');
        Code.rep.stosb();
        Code.mov(r15, rdi);
        Code.Label(ref unpadded);
        Code.mov(ecx, r8d);
        Code.mov(rdi, r15);
        Code.rep.movsb();
        Code.mov(r15, rdi);
        Code.add(rsp, MostDigits + 8);
        Code.ret();
    }
}
