using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Layout;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>Runs snippets: one page of state, two pages of code so that an instruction can end at a page's end, two of stack.</summary>
public static unsafe class Runner
{
    private const ulong FlagsFixed = 2;
    private const int StackPages = 2;
    private const int CodePages = 2;
    private const int EventsOffset = 0x400;
    private const int StackSlack = 64;

    private static byte* s_code;
    private static byte* s_stack;

    /// <summary>Registers before and after.</summary>
    public static RunContext* Context { get; private set; }

    /// <summary>What happened.</summary>
    public static EventLog* Events { get; private set; }

    /// <summary>Whether the snippet came to its end; otherwise the last event was a fault.</summary>
    public static bool IsDone { get; set; }

    /// <summary>What to do on the next NMI.</summary>
    public static NmiAction NmiAction { get; set; }

    /// <summary>NMIs that arrived while the handler of the first one waited.</summary>
    public static int NestedNmis { get; set; }

    /// <summary>EBX of CPUID leaf 0 as executed by the NMI handler.</summary>
    public static uint CpuidInNmi { get; set; }

    /// <summary>Memory for operands of snippets: one page.</summary>
    public static byte* Scratch { get; private set; }

    /// <summary>The code's pages.</summary>
    public static byte* Code => s_code;

    /// <summary>The stack's pages.</summary>
    public static byte* Stack => s_stack;

    /// <summary>Allocates what is needed; false if there is no memory.</summary>
    public static bool Open()
    {
        byte* state = ProbeMemory.Allocate(1);
        Scratch = ProbeMemory.Allocate(1);
        s_code = ProbeMemory.Allocate(CodePages);
        s_stack = ProbeMemory.Allocate(StackPages);
        Context = (RunContext*)state;
        Events = (EventLog*)(state + EventsOffset);
        return state != null && Scratch != null && s_code != null && s_stack != null;
    }

    /// <summary>Makes a snippet ready: all registers zero, privilege 0, interrupts off, no events.</summary>
    /// <param name="name">The snippet.</param>
    /// <param name="bytesOnFirstPage">How many of its bytes stand before the page's end; 0 for all.</param>
    public static RunContext* Prepare(SnippetName name, int bytesOnFirstPage = 0)
    {
        uint* entry = Stubs.Snippets() + (2 * (int)name);
        byte* source = (byte*)Stubs.Snippets() + entry[0];
        byte* target = bytesOnFirstPage == 0 ? s_code : s_code + ProbeMemory.PageSize - bytesOnFirstPage;
        for (uint i = 0; i < entry[1]; i++)
        {
            target[i] = source[i];
        }

        *Context = default;
        Context->Rip = (ulong)target;
        Context->Cs = ProbeSelectors.Code;
        Context->Ss = ProbeSelectors.Data;
        Context->RFlags = FlagsFixed;
        Context->Rsp = (ulong)s_stack + (StackPages * ProbeMemory.PageSize) - StackSlack;
        Events->Count = 0;
        NmiAction = NmiAction.Count;
        NestedNmis = 0;
        return Context;
    }

    /// <summary>Lets the prepared snippet run at privilege 3, in <see cref="UserSpace"/>.</summary>
    public static void UsePrivilege3()
    {
        Context->Rip = UserSpace.Translate(Context->Rip);
        Context->Rsp = UserSpace.Translate(Context->Rsp);
        Context->Cs = ProbeSelectors.UserCode;
        Context->Ss = ProbeSelectors.UserData;
    }

    /// <summary>Sets TF for the prepared snippet.</summary>
    public static void UseSingleStep() => Context->RFlags = new RFlags(Context->RFlags).WithTrap(true).Value;

    /// <summary>Runs it.</summary>
    public static void Run()
    {
        Stubs.Run(Context);
        Context->CallerRsp = 0;
    }
}
