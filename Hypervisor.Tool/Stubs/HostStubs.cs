using Hypervisor.Core.Host;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Tool.Stubs;

/// <summary>The way into the host that both vendors share.</summary>
internal static class HostStubs
{
    internal static void Write(StubWriter writer) => writer.Add("hv_CallResident", WriteCallResident);

    /// <summary>
    /// uint CallResident(launch, parameters): what the calling convention keeps is put on the stack, so that the guest, which begins at the mark below with this
    /// stack, finds it there whatever the copy did to the registers.
    /// </summary>
    private static void WriteCallResident(Assembler a)
    {
        Label resumed = a.CreateLabel();
        const int frame = 0x28 + (10 * 16); // home space, alignment, XMM6 to XMM15
        foreach ((AssemblerRegister64 register, _) in RegisterSets.Kept)
        {
            a.push(register);
        }

        a.sub(rsp, frame);
        for (int i = 0; i < RegisterSets.KeptXmm.Length; i++)
        {
            a.movups(__xmmword_ptr[rsp + ProcessorBlock.HomeSpace + (i * 16)], RegisterSets.KeptXmm[i]);
        }

        a.lea(rax, __[resumed]);
        a.mov(__qword_ptr[rdx], rax);
        a.mov(__qword_ptr[rdx + 8], rsp);
        a.mov(rax, rcx);
        a.mov(rcx, rdx);
        a.call(rax);
        a.Label(ref resumed);
        for (int i = 0; i < RegisterSets.KeptXmm.Length; i++)
        {
            a.movups(RegisterSets.KeptXmm[i], __xmmword_ptr[rsp + ProcessorBlock.HomeSpace + (i * 16)]);
        }

        a.add(rsp, frame);
        for (int i = RegisterSets.Kept.Length - 1; i >= 0; i--)
        {
            a.pop(RegisterSets.Kept[i].Register);
        }

        a.ret();
    }

    /// <summary>Loads GDT, IDT, segment registers and TR of the host; RCX points to the processor's data, RSP into the host's stack.</summary>
    internal static void LoadTables(Assembler a, Label reloaded)
    {
        a.lgdt(__[rcx + ProcessorDataLayout.Gdtr]);
        a.lidt(__[rcx + ProcessorDataLayout.Idtr]);
        a.push((int)HostSelectors.Code);
        a.lea(rax, __[reloaded]);
        a.push(rax);
        a.db(0x48, 0xCB); // retfq
        a.Label(ref reloaded);
        a.mov(eax, HostSelectors.Data);
        a.mov(ss, eax);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.xor(eax, eax);
        a.mov(fs, eax);
        a.mov(gs, eax);
        a.lldt(ax);
        a.mov(eax, HostSelectors.TaskState);
        a.ltr(ax);
    }
}
