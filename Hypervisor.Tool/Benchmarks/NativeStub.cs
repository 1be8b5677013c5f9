using System;
using System.IO;
using System.IO.MemoryMappedFiles;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Benchmarks;

/// <summary>One of the image's own stubs with four arguments, to be executed by this processor, on Linux.</summary>
internal sealed unsafe class NativeStub : IDisposable
{
    private const int Size = 0x4000;
    private const int StubOffset = 0x1000;
    private const int ShadowSpace = 0x28; // of the image's calling convention, and alignment (Microsoft x64 calling convention)

    private readonly MemoryMappedFile _file = MemoryMappedFile.CreateNew(null, Size, MemoryMappedFileAccess.ReadWriteExecute);
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _code;

    /// <summary>Assembles it.</summary>
    internal NativeStub(Action<Assembler> write)
    {
        _view = _file.CreateViewAccessor(0, Size, MemoryMappedFileAccess.ReadWriteExecute);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _code);
        Place(0, WriteThunk);
        Place(StubOffset, write);
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    /// <summary>Calls it.</summary>
    internal void Call(void* first, void* second, ulong third, void* fourth) => ((delegate* unmanaged[Cdecl]<void*, void*, ulong, void*, void>)_code)(first, second, third, fourth);

    /// <summary>From the calling convention of Linux (System V ABI, AMD64 supplement §3.2.3) to the image's.</summary>
    private void WriteThunk(Assembler a)
    {
        a.mov(r9, rcx);
        a.mov(r8, rdx);
        a.mov(rdx, rsi);
        a.mov(rcx, rdi);
        a.sub(rsp, ShadowSpace);
        a.call((ulong)_code + StubOffset);
        a.add(rsp, ShadowSpace);
        a.ret();
    }

    private void Place(int offset, Action<Assembler> write)
    {
        Assembler a = new(64);
        write(a);
        using MemoryStream stream = new();
        _ = a.Assemble(new StreamCodeWriter(stream), (ulong)_code + (ulong)offset);
        stream.ToArray().CopyTo(new Span<byte>(_code + offset, Size - offset));
    }
}
