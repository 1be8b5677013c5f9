using System;
using System.IO;
using System.Runtime.Intrinsics.X86;
using System.Text;
using Hypervisor.Tool.GuestTools;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>
/// A Linux program that maps a file of cases, and for each puts the processor into its state, lets it execute the instruction, and stores what it left. Faults arrive as
/// signals and are stored too. All it owns stands at fixed addresses, so that no register is needed to find it.
/// </summary>
internal sealed class NativeProgram
{
    /// <summary>Where an instruction that does not fault has to go on.</summary>
    internal const ulong ReturnAddress = ElfExecutable.CodeAddress + ReturnOffset;

    private const int ReturnOffset = 16;
    private const int ReadWrite = 3;
    private const int ReadOnly = 1;
    private const int All = 7;
    private const int SharedFixed = 0x11;
    private const int PrivateAnonymousFixed = 0x32;
    private const int OpenCall = 2;
    private const int MapCall = 9;
    private const int SetActionCall = 13;
    private const int SignalStackCall = 131;
    private const int ModifyTableCall = 154;
    private const int ArchitectureCall = 158;
    private const int ExitCall = 60;
    private const int OpenReadWrite = 2;
    private const int SetGs = 0x1001;
    private const int SetFs = 0x1002;
    private const int WriteTable = 0x11;
    private const int ActionFlags = 0x4 | 0x0800_0000 | 0x4000_0000 | 0x0400_0000; // information, own stack, not blocked, restorer
    private const int ContextRegisters = 40; // ucontext: flags, link, stack, then the registers
    private const int ContextFlags = 17;
    private const int ContextErrorCode = 19;
    private const int ContextVector = 20;
    private const int ContextFaultAddress = 22;
    private const int StackSize = 0x1_0000;

    // Memory of the program.
    private const long State = (long)ElfExecutable.MemoryAddress;
    private const long Index = State + 0x800;
    private const long CodePointer = State + 0x808;
    private const long Action = State + 0x840;
    private const long SignalStack = State + 0x880;
    private const long Stack = State + 0x1_0000;
    private const long StackTop = Stack + StackSize - 64;
    private const long HandlerStack = Stack + StackSize;
    private const int MemorySize = 0x1_0000 + (2 * StackSize);

    // rax, rcx, ... r15 in the numbering of the signal context.
    private static readonly int[] s_contextNumbers = [13, 14, 12, 11, 15, 10, 9, 8, 0, 1, 2, 3, 4, 5, 6, 7];

    private readonly Assembler _a = new(64);
    private readonly bool _wide;
    private Label _start;
    private Label _next;
    private Label _after;
    private Label _handler;
    private Label _finish;
    private Label _exit;
    private Label _path;
    private Label _descriptions;

    private NativeProgram(bool wide)
    {
        _wide = wide;
        _start = _a.CreateLabel();
        _next = _a.CreateLabel();
        _after = _a.CreateLabel();
        _handler = _a.CreateLabel();
        _finish = _a.CreateLabel();
        _exit = _a.CreateLabel();
        _path = _a.CreateLabel();
        _descriptions = _a.CreateLabel();
    }

    /// <summary>Writes the program.</summary>
    /// <param name="file">The cases.</param>
    /// <param name="count">How many.</param>
    /// <param name="is64Bit">All cases are 64-bit code; otherwise none is.</param>
    internal static byte[] Write(string file, int count, bool is64Bit) => new NativeProgram(is64Bit).Build(file, count);

    private byte[] Build(string file, int count)
    {
        _a.jmp(_start);
        _a.nop(ReturnOffset - 5);
        WriteAfter();
        WriteHandler();
        WriteFinish();
        _a.Label(ref _start);
        WriteSetup(count);
        WriteNext(count);
        _a.Label(ref _exit);
        _a.mov(eax, ExitCall);
        _a.xor(edi, edi);
        _a.syscall();
        _a.Label(ref _path);
        _a.db(Encoding.UTF8.GetBytes(file + '\0'));
        _a.Label(ref _descriptions);
        for (int i = 0; i < NativeSegment.All.Length; i++)
        {
            foreach (uint word in NativeSegment.All[i].Description(i))
            {
                _a.dd(word);
            }
        }

        using MemoryStream stream = new();
        AssemblerResult result = _a.Assemble(new StreamCodeWriter(stream), ElfExecutable.CodeAddress, BlockEncoderOptions.ReturnNewInstructionOffsets);
        byte[] code = stream.ToArray();
        if (result.GetLabelRIP(_after) != ReturnAddress)
        {
            throw new InvalidOperationException($"the instruction would return to 0x{result.GetLabelRIP(_after):X}");
        }

        return ElfExecutable.Build(code, MemorySize);
    }

    private void WriteSetup(int count)
    {
        Map(NativeLayout.FirstPages, NativeLayout.Pages * NativeLayout.PageSize, ReadWrite);
        Map(NativeLayout.SecondPages, NativeLayout.Pages * NativeLayout.PageSize, ReadWrite);
        Map(NativeLayout.ReadOnlyPage, NativeLayout.PageSize, ReadOnly);
        Map(NativeLayout.Code, NativeLayout.PageSize, All);
        _a.mov(rsi, NativeLayout.ReadOnlyPage);
        _a.mov(al, __byte_ptr[rsi]); // the page is there from now on
        _a.mov(eax, OpenCall);
        _a.lea(rdi, __[_path]);
        _a.mov(esi, OpenReadWrite);
        _a.xor(edx, edx);
        _a.syscall();
        _a.mov(r8, rax);
        Map(NativeLayout.Batch, (ulong)count * NativeCase.Size, ReadWrite, SharedFixed);
        _a.mov(rax, NativeLayout.Code);
        _a.mov(__qword_ptr[CodePointer], rax);

        _a.mov(rax, HandlerStack);
        _a.mov(__qword_ptr[SignalStack], rax);
        _a.mov(__qword_ptr[SignalStack + 16], StackSize);
        _a.mov(eax, SignalStackCall);
        _a.mov(edi, (int)SignalStack);
        _a.xor(esi, esi);
        _a.syscall();
        _a.lea(rax, __[_handler]);
        _a.mov(__qword_ptr[Action], rax);
        _a.mov(__qword_ptr[Action + 16], rax);
        _a.mov(eax, ActionFlags);
        _a.mov(__qword_ptr[Action + 8], rax);
        foreach (int signal in (int[])[4, 5, 7, 8, 11])
        {
            _a.mov(eax, SetActionCall);
            _a.mov(edi, signal);
            _a.mov(esi, (int)Action);
            _a.xor(edx, edx);
            _a.mov(r10d, 8);
            _a.syscall();
        }

        if (_wide)
        {
            SetBase(SetFs, NativeLayout.FsBase);
            SetBase(SetGs, NativeLayout.GsBase);
            return;
        }

        for (int i = 0; i < NativeSegment.All.Length; i++)
        {
            _a.mov(eax, ModifyTableCall);
            _a.mov(edi, WriteTable);
            _a.lea(rsi, __[_descriptions]);
            _a.add(rsi, i * 16);
            _a.mov(edx, 16);
            _a.syscall();
        }
    }

    private void SetBase(int which, ulong value)
    {
        _a.mov(eax, ArchitectureCall);
        _a.mov(edi, which);
        _a.mov(rsi, value);
        _a.syscall();
    }

    private void Map(ulong address, ulong size, int protection, int flags = PrivateAnonymousFixed)
    {
        if (flags == PrivateAnonymousFixed)
        {
            _a.mov(r8, -1);
        }

        _a.mov(eax, MapCall);
        _a.mov(rdi, address);
        _a.mov(rsi, size);
        _a.mov(edx, protection);
        _a.mov(r10d, flags);
        _a.xor(r9d, r9d);
        _a.syscall();
    }

    private void WriteNext(int count)
    {
        _a.Label(ref _next);
        _a.mov(rsp, StackTop);
        _a.mov(rax, __qword_ptr[Index]);
        _a.cmp(rax, count);
        _a.je(_exit);
        _a.imul(rsi, rax, NativeCase.Size);
        _a.add(rsi, (int)NativeLayout.Batch);
        Copy((ulong)State, NativeCase.Size);
        _a.mov(rsi, State + NativeCase.CodeOffset);
        Copy(NativeLayout.Code, NativeCase.CodeSize);
        Clear(NativeLayout.FirstPages);
        Clear(NativeLayout.SecondPages);
        _a.mov(rsi, State + NativeCase.FirstWindowOffset);
        Copy(NativeLayout.FirstWindow, NativeLayout.WindowSize);
        _a.mov(rsi, State + NativeCase.SecondWindowOffset);
        Copy(NativeLayout.SecondWindow, NativeLayout.WindowSize);
        ForVectors(load: true);
        if (!_wide)
        {
            AssemblerRegisterSegment[] segments = [es, cs, ss, ds, fs, gs];
            for (int i = 0; i < segments.Length; i++)
            {
                if (segments[i] != cs)
                {
                    _a.mov(segments[i], __word_ptr[State + NativeCase.SelectorsOffset + (i * 2)]);
                }
            }
        }

        _a.push(__qword_ptr[State + NativeCase.FlagsOffset]);
        _a.popfq();
        ForRegisters((register, i) => _a.mov(register, __qword_ptr[State + (i * 8)]));
        if (_wide)
        {
            _a.jmp(__qword_ptr[CodePointer]);
        }
        else
        {
            _a.jmp(__fword_ptr[State + NativeCase.EntryOffset]);
        }
    }

    private void WriteAfter()
    {
        _a.Label(ref _after);
        ForRegisters((register, i) => _a.mov(__qword_ptr[State + (i * 8)], register));
        _a.mov(rsp, StackTop);
        _a.mov(eax, NativeSegment.FlatData);
        _a.mov(ss, eax);
        _a.pushfq();
        _a.pop(__qword_ptr[State + NativeCase.FlagsOffset]);
        _a.push(2);
        _a.popfq();
        _a.mov(__qword_ptr[State + NativeCase.StatusOffset], (int)NativeCase.Done);
        ForVectors(load: false);
        _a.jmp(_finish);
    }

    private void WriteHandler()
    {
        _a.Label(ref _handler);
        _a.push(2);
        _a.popfq();
        for (int i = 0; i < s_contextNumbers.Length; i++)
        {
            StoreFromContext(s_contextNumbers[i], i * 8);
        }

        StoreFromContext(ContextFlags, NativeCase.FlagsOffset);
        StoreFromContext(ContextErrorCode, NativeCase.ErrorCodeOffset);
        StoreFromContext(ContextVector, NativeCase.VectorOffset);
        StoreFromContext(ContextFaultAddress, NativeCase.FaultAddressOffset);
        _a.mov(__qword_ptr[State + NativeCase.StatusOffset], (int)NativeCase.Faulted);
        _a.jmp(_finish);
    }

    private void StoreFromContext(int number, int offset)
    {
        _a.mov(rax, __qword_ptr[rdx + ContextRegisters + (number * 8)]);
        _a.mov(__qword_ptr[State + offset], rax);
    }

    private void WriteFinish()
    {
        _a.Label(ref _finish);
        _a.mov(rsi, NativeLayout.FirstWindow);
        Copy((ulong)State + NativeCase.FirstWindowOffset, NativeLayout.WindowSize);
        _a.mov(rsi, NativeLayout.SecondWindow);
        Copy((ulong)State + NativeCase.SecondWindowOffset, NativeLayout.WindowSize);
        _a.imul(rdi, __qword_ptr[Index], NativeCase.Size);
        _a.add(rdi, (int)NativeLayout.Batch);
        _a.mov(rsi, State);
        _a.mov(ecx, NativeCase.Size);
        _a.rep.movsb();
        _a.inc(__qword_ptr[Index]);
        _a.jmp(_next);
    }

    private void Clear(ulong pages)
    {
        _a.xor(eax, eax);
        _a.mov(rdi, pages);
        _a.mov(ecx, (int)(NativeLayout.Pages * NativeLayout.PageSize));
        _a.rep.stosb();
    }

    private void Copy(ulong destination, int size)
    {
        _a.mov(rdi, destination);
        _a.mov(ecx, size);
        _a.rep.movsb();
    }

    /// <summary>Without AVX only the lower halves are moved, and the cases have no others.</summary>
    private void ForVectors(bool load)
    {
        for (int i = 0; i < NativeCase.Vectors; i++)
        {
            long address = State + NativeCase.VectorsOffset + (i * NativeCase.VectorSize);
            AssemblerRegisterYMM wide = new(Register.YMM0 + i);
            AssemblerRegisterXMM narrow = new(Register.XMM0 + i);
            switch (Avx.IsSupported, load)
            {
                case (true, true):
                    _a.vmovups(wide, __ymmword_ptr[address]);
                    break;
                case (true, false):
                    _a.vmovups(__ymmword_ptr[address], wide);
                    break;
                case (false, true):
                    _a.movups(narrow, __xmmword_ptr[address]);
                    break;
                default:
                    _a.movups(__xmmword_ptr[address], narrow);
                    break;
            }
        }
    }

    private static void ForRegisters(Action<AssemblerRegister64, int> action)
    {
        AssemblerRegister64[] all = [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];
        for (int i = 0; i < all.Length; i++)
        {
            action(all[i], i);
        }
    }
}
